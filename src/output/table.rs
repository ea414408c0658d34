//! Tables for people.

use std::collections::HashSet;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::safe;

/// Lays out rows under headings, two spaces apart and without a frame, in at
/// most `width` columns. Columns named in `right` are aligned to the right.
///
/// Every cell is made safe for a terminal. The text ends without a newline.
pub fn render(
    headings: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    right: &[usize],
    width: usize,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    if !headings.is_empty() {
        table.set_header(headings.to_vec());
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| Cell::new(safe::escape(cell))));
    }
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Lays out rows whose first column is ids. Where the terminal is too narrow
/// for whole ones they are cut to what tells them apart, which is enough to
/// name one; where there is none, nothing is cut.
pub fn with_ids(
    headings: &[&str],
    mut rows: Vec<Vec<String>>,
    right: &[usize],
    width: Option<usize>,
) -> String {
    let whole = render(headings, rows.clone(), right, usize::MAX);
    let fits = |width| whole.lines().all(|line| line.chars().count() <= width);
    let Some(width) = width.filter(|width| !fits(*width)) else {
        return whole;
    };
    let length = distinct_length(rows.iter().filter_map(|row| row.first()));
    for id in rows.iter_mut().filter_map(|row| row.first_mut()) {
        *id = id.chars().take(length).collect();
    }
    render(headings, rows, right, width)
}

/// The fewest characters, but eight at least, that tell the ids apart.
fn distinct_length<'i>(ids: impl Iterator<Item = &'i String>) -> usize {
    let ids: HashSet<&String> = ids.collect();
    let longest = ids.iter().map(|id| id.chars().count()).max().unwrap_or(0);
    let is_distinct = |length: &usize| {
        let starts: HashSet<String> = ids
            .iter()
            .map(|id| id.chars().take(*length).collect())
            .collect();
        starts.len() == ids.len()
    };
    (8..longest).find(is_distinct).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_cut_to_what_tells_them_apart_and_only_where_there_is_no_room() {
        let row = |id: &str| vec![id.to_owned(), "a value".to_owned()];
        let rows = vec![
            row("0193f0aa-0001-x"),
            row("0193f0aa-0002-x"),
            row("0193f0aa-0002-x"),
        ];
        let shown = |width| with_ids(&["ID", "VALUE"], rows.clone(), &[], width);
        for width in [None, Some(24)] {
            assert!(shown(width).contains("0193f0aa-0001-x"));
        }
        assert!(
            shown(Some(23)).contains("0193f0aa-0002  a value"),
            "{}",
            shown(Some(23))
        );
    }

    #[test]
    fn columns_align_and_cells_are_safe() {
        let rows = vec![
            vec!["a".to_owned(), "1".to_owned()],
            vec!["long\u{1b}[1m".to_owned(), "200".to_owned()],
        ];
        assert_eq!(
            render(&["name", "count"], rows, &[1], 80),
            "name         count\na                1\nlong\\x1b[1m    200"
        );
    }
}
