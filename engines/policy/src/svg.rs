//! The declaration as a drawing: zones as boxes in their colours, conduits as arrows between them.
//!
//! One column of boxes, 360 units wide, so that it is readable on a telephone. No script, no style sheet, no reference
//! to anything outside; every text is escaped. Title and description say in words what the drawing shows.

use std::fmt::Write as _;

use crate::model::{Conduit, Lang, Policy, Zone, ZoneKind};

const WIDTH: usize = 360;
const BOX: usize = 76;
const ROW: usize = 58;

impl Policy {
    /// A stand-alone SVG document.
    #[must_use]
    pub fn show_svg(&self, lang: Lang) -> String {
        let (title, none) = match lang {
            Lang::Ja => (
                format!("{}の領域と通信経路", self.municipality.name.ja),
                "この領域に接する通信経路はありません",
            ),
            Lang::En => (
                format!("Zones and conduits of {}", self.municipality.name.en),
                "No conduit touches this zone",
            ),
        };
        let mut zones: Vec<&Zone> = self.zones.iter().collect();
        zones.sort_by_key(|zone| match zone.kind {
            ZoneKind::Internet => 0,
            ZoneKind::Lgwan => 1,
            ZoneKind::MyNumber => 2,
        });
        let mut body = String::new();
        let mut y = 12;
        for (index, zone) in zones.iter().enumerate() {
            let touching = self.conduits.iter().any(|c| c.from == zone.id || c.to == zone.id);
            draw_zone(&mut body, zone, y, lang, (!touching).then_some(none));
            y = y.saturating_add(BOX);
            // Under a box: the conduits between it and the zones above it are drawn already; now those to what follows.
            let seen = zones.get(..=index).unwrap_or(&[]);
            let below = |id: &crate::id::ZoneId| !seen.iter().any(|other| other.id == *id);
            let here: Vec<&Conduit> = self
                .conduits
                .iter()
                .filter(|c| (c.from == zone.id && below(&c.to)) || (c.to == zone.id && below(&c.from)))
                .collect();
            for conduit in here {
                draw_conduit(&mut body, self, conduit, conduit.from == zone.id, y, lang);
                y = y.saturating_add(ROW);
            }
            y = y.saturating_add(14);
        }
        let sentences = self.conduits.iter().map(|c| {
            let name = |id| self.zone(id).map_or("?", |zone| zone.label.get(lang));
            format!(
                "{}: {} → {} ({})",
                c.label.get(lang),
                name(&c.from),
                name(&c.to),
                self.conduit_terms(c, lang)
            )
        });
        let described = sentences.collect::<Vec<_>>().join("; ");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" aria-labelledby=\"policy-title policy-desc\" lang=\"{lang}\" font-family=\"sans-serif\">\n<title id=\"policy-title\">{title}</title>\n<desc id=\"policy-desc\">{desc}</desc>\n<rect width=\"{WIDTH}\" height=\"{y}\" fill=\"#ffffff\"/>\n{body}</svg>\n",
            lang = match lang {
                Lang::Ja => "ja",
                Lang::En => "en",
            },
            title = escape(&title),
            desc = escape(&described),
        )
    }
}

fn draw_zone(body: &mut String, zone: &Zone, y: usize, lang: Lang, note: Option<&str>) {
    let networks = zone.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    // Writing to a String can't fail.
    let _ = writeln!(
        body,
        "<rect x=\"8\" y=\"{y}\" width=\"344\" height=\"{BOX}\" rx=\"8\" fill=\"{}\"/>",
        zone.color
    );
    let lines = [(zone.label.get(lang), 28, 17), (networks.as_str(), 48, 12), (note.unwrap_or(""), 66, 12)];
    for (text, offset, size) in lines {
        if !text.is_empty() {
            let weight = if size > 12 { "bold" } else { "normal" };
            let _ = writeln!(
                body,
                "<text x=\"20\" y=\"{}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"#ffffff\">{}</text>",
                y.saturating_add(offset),
                escape(&shorten(text, size, 320))
            );
        }
    }
}

fn draw_conduit(body: &mut String, policy: &Policy, conduit: &Conduit, down: bool, y: usize, lang: Lang) {
    let (top, bottom) = (y.saturating_add(4), y.saturating_add(ROW).saturating_sub(6));
    let head = if down {
        format!("20,{} 36,{} 28,{bottom}", bottom.saturating_sub(12), bottom.saturating_sub(12))
    } else {
        format!("20,{} 36,{} 28,{top}", top.saturating_add(12), top.saturating_add(12))
    };
    let _ = writeln!(
        body,
        "<line x1=\"28\" y1=\"{top}\" x2=\"28\" y2=\"{bottom}\" stroke=\"#1a1a1c\" stroke-width=\"3\"/>"
    );
    let _ = writeln!(body, "<polygon points=\"{head}\" fill=\"#1a1a1c\"/>");
    let arrow = if down { "↓" } else { "↑" };
    let label = format!("{arrow} {}", conduit.label.get(lang));
    let lines = [(label, 22, 14, "bold"), (policy.conduit_terms(conduit, lang), 41, 12, "normal")];
    for (text, offset, size, weight) in lines {
        let _ = writeln!(
            body,
            "<text x=\"46\" y=\"{}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"#1a1a1c\">{}</text>",
            y.saturating_add(offset),
            escape(&shorten(&text, size, 304))
        );
    }
}

/// Cuts a text that would not fit; the whole of it stands in the description.
fn shorten(text: &str, size: usize, room: usize) -> String {
    let mut used = 0_usize;
    let mut out = String::new();
    for c in text.chars() {
        // A wide character is as wide as the size of the font, a narrow one about 0.6 of it; in tenths.
        let tenths = if crate::diagnostic::columns(c) > 1 { 10 } else { 6 };
        used = used.saturating_add(size.saturating_mul(tenths));
        if used > room.saturating_sub(size).saturating_mul(10) {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
