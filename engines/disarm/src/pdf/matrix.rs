//! Transformation matrices (ISO 32000-1 §8.3.4) and the area that something drawn covers.

pub(super) type Matrix = [f64; 6];

pub(super) const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// `inner` first, then `outer`.
pub(super) fn after(inner: Matrix, outer: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = inner;
    let [u, v, w, x, y, z] = outer;
    [a * u + b * w, a * v + b * x, c * u + d * w, c * v + d * x, e * u + f * w + y, e * v + f * x + z]
}

/// The box around a rectangle (two opposite corners) under a matrix: left, bottom, right, top.
pub(super) fn bounds(rect: [f64; 4], matrix: Matrix) -> [f64; 4] {
    let [a, b, c, d, e, f] = matrix;
    let [x0, y0, x1, y1] = rect;
    let mut out = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for (x, y) in [(x0, y0), (x0, y1), (x1, y0), (x1, y1)] {
        let (px, py) = (a * x + c * y + e, b * x + d * y + f);
        let [left, bottom, right, top] = out;
        out = [left.min(px), bottom.min(py), right.max(px), top.max(py)];
    }
    out
}

/// How much of `page` the unit square covers under a matrix: 0 to 1.
pub(super) fn share(matrix: Matrix, page: [f64; 4]) -> f64 {
    let [left, bottom, right, top] = bounds([0.0, 0.0, 1.0, 1.0], matrix);
    let [x0, y0, x1, y1] = bounds(page, IDENTITY);
    let width = (right.min(x1) - left.max(x0)).max(0.0);
    let height = (top.min(y1) - bottom.max(y0)).max(0.0);
    let whole = (x1 - x0) * (y1 - y0);
    if whole > 0.0 { width * height / whole } else { 0.0 }
}
