//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::safe;
use super::wrap::Wrapped;

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

/// A table as far as it fits.
#[derive(Debug)]
pub struct Fitted {
    /// The table, without a newline at its end.
    pub text: String,
    /// The headings of the columns that there is no room for.
    pub left_out: Vec<String>,
}

/// Lays out rows on one line each. What does not fit is left out by whole
/// columns, in the order of `spare`: half an id is none, and names nothing that
/// one could look for. Where the others are still too wide, lines are.
pub fn fitted(
    headings: &[&str],
    rows: &[Vec<String>],
    right: &[usize],
    spare: &[usize],
    width: Option<usize>,
) -> Fitted {
    let mut shown: Vec<usize> = (0..headings.len()).collect();
    let mut spare = spare.iter();
    loop {
        let text = of_columns(&shown, headings, rows, right);
        let fits = |width| text.lines().all(|line| line.chars().count() <= width);
        if width.is_none_or(fits) || spare.len() == 0 {
            let is_left_out = |at: &usize| !shown.contains(at);
            let left_out = (0..headings.len()).filter(is_left_out);
            return Fitted {
                left_out: left_out.map(|at| headings[at].to_owned()).collect(),
                text,
            };
        }
        let next = spare.next();
        shown.retain(|at| Some(at) != next);
    }
}

/// The table of some columns alone, as wide as it takes.
fn of_columns(shown: &[usize], headings: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
    let headings: Vec<&str> = shown.iter().map(|at| headings[*at]).collect();
    let rows = rows.iter().map(|row| {
        let cell = |at: &usize| row.get(*at).cloned().unwrap_or_default();
        shown.iter().map(cell).collect()
    });
    let is_right = |at: &usize| right.contains(&shown[*at]);
    let right: Vec<usize> = (0..shown.len()).filter(is_right).collect();
    render(&headings, rows, &right, usize::MAX)
}

/// Lays out facts, each a name and what is to be said of it, which goes on
/// below itself where it takes more than `width` columns. No word is broken.
pub fn facts(rows: &[(&str, String)], width: usize) -> String {
    const INDENT: &str = "                ";
    let lines = rows.iter().map(|(name, value)| {
        let name = format!("  {name}");
        let name = format!("{name:<indent$}", indent = INDENT.len());
        let mut line = Wrapped::new(Some(width), INDENT);
        line.piece(INDENT.len(), format_args!("{name}"));
        line.words(&safe::escape(value));
        line.into_text()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_left_out_and_no_cell_is_broken_where_there_is_no_room() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["0193f0aa-0001", "Jane", "7"]),
            row(["short", "J", "12"]),
        ];
        let shown = |width| {
            let shown = fitted(&["ID", "USER", "N"], &rows, &[2], &[1, 2], width);
            (shown.text, shown.left_out.join(","))
        };
        let all = "ID             USER   N\n0193f0aa-0001  Jane   7\nshort          J     12";
        for width in [None, Some(23)] {
            assert_eq!(shown(width), (all.to_owned(), String::new()));
        }
        let fewer = "ID              N\n0193f0aa-0001   7\nshort          12";
        assert_eq!(shown(Some(22)), (fewer.to_owned(), "USER".to_owned()));
        let (id, left_out) = shown(Some(5));
        assert_eq!((&*id, &*left_out), ("ID\n0193f0aa-0001\nshort", "USER,N"));
    }

    #[test]
    fn facts_go_on_below_themselves_and_keep_their_words_whole() {
        let rows = [
            ("levels", "info 1".to_owned()),
            ("sessions", "0193f0aa-0001 7, b 8".to_owned()),
        ];
        assert_eq!(
            facts(&rows, 30),
            "  levels        info 1\n  sessions      0193f0aa-0001\n                7, b 8"
        );
        assert!(facts(&rows, 20).contains("0193f0aa-0001"));
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
