//! Checks that are no conditions on one row: they look at another row or at a table of the guideline. They bind to a
//! register by the names of its fields, so a city that renames one loses the check; a test keeps them together with the
//! built-in catalogue.

use sekisho_register::{Axis, Definition, FieldId, FieldType, Lookup, Values, Violation};

use crate::disposal::{self, Medium, Method};
use crate::unit::Unit;
use crate::{Result, model};

/// The checks of this register on one row.
pub(crate) fn check(unit: &Unit<'_>, definition: &Definition, values: &Values) -> Result<Vec<Violation>> {
    Ok(match definition.id.as_str() {
        "disposals" => disposal(unit, definition, values),
        _ => Vec::new(),
    })
}

/// Method against medium by 図表41.
fn disposal(unit: &Unit<'_>, definition: &Definition, values: &Values) -> Vec<Violation> {
    let medium = values.get("media_kind").as_text().and_then(Medium::from_id);
    let (Some(medium), Some(method)) = (medium, values.get("method").as_text()) else { return Vec::new() };
    let Some(method) = Method::from_id(method) else { return Vec::new() };
    // The class of what was on it: its own field, or that of the row that it names.
    let class = definition
        .stored_fields()
        .find(|f| f.kind == FieldType::Class(Axis::Confidentiality))
        .and_then(|f| values.get(f.id.as_str()).as_text().map(str::to_owned))
        .or_else(|| {
            definition.stored_fields().find_map(|f| {
                let register = f.refers_to()?;
                let row = values.get(f.id.as_str()).as_text()?;
                unit.names.row_class(register.as_str(), row, Axis::Confidentiality)
            })
        });
    let rank = class.and_then(|id| unit.env.class(&id).map(|class| class.rank));
    let rank_of_c2 = unit.env.class("c2").map_or(2, |class| class.rank);
    let residents = values.get("resident_data").as_bool().unwrap_or(false);
    if !disposal::is_bound(residents, rank, rank_of_c2) {
        return Vec::new();
    }
    match disposal::judge(medium, method) {
        Ok(_) => Vec::new(),
        Err(message) => vec![Violation {
            rule: Some("disposal-matrix".to_owned()),
            field: FieldId::new("method").ok(),
            message: model::text(message.ja, message.en),
            refuse: true,
        }],
    }
}
