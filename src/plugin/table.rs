//! Tables as kubectl prints them.

/// Rows below a header, in columns three blanks apart. Control characters are left out: a name must not move the cursor.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<_> = header.iter().map(ToString::to_string).collect();
    let all: Vec<Vec<String>> =
        std::iter::once(&header).chain(rows).map(|row| row.iter().map(plain).collect()).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("   ").trim_end())
    };
    all.iter().map(line).collect()
}

/// A text without what a terminal would obey.
pub fn plain(text: impl AsRef<str>) -> String {
    text.as_ref().chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["ada".to_owned(), "Active".to_owned()], vec!["b\u{1b}[31mob-é".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["ID", "STATE"], &rows), "ID          STATE\nada         Active\nb[31mob-é   x\n");
    }
}
