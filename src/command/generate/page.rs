//! One manual page: what clap knows of a command, and the sections that a
//! reader of manuals looks for besides.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::error::Exit;

/// The file name of a command's page, and its text.
pub(super) fn of(command: &Command) -> io::Result<(String, String)> {
    let page = Man::new(command.clone())
        .source(concat!("soliplex ", env!("CARGO_PKG_VERSION")))
        .manual("soliplex manual");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        page.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::new();
    if let Some(help) = command.get_after_long_help() {
        help_sections(&mut roff, &help.to_string());
    }
    exit_status(&mut roff);
    see_also(&mut roff, command);
    roff.to_writer(&mut text)?;
    Ok((page.get_filename(), once(&String::from_utf8_lossy(&text))))
}

/// Sections of what stands behind a command's help: an indented block belongs
/// under the heading before it, and other text is a note.
fn help_sections(roff: &mut Roff, help: &str) {
    for block in help.split("\n\n") {
        let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
        match (first.trim_end(), rest.starts_with("  ")) {
            // Every page has its own section of them.
            ("Exit codes:", true) => {}
            (heading, true) if heading.ends_with(':') => {
                roff.control("SH", [section(heading).as_str()]);
                roff.control("nf", []);
                for line in rest.lines() {
                    roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
                }
                roff.control("fi", []);
            }
            _ => {
                roff.control("SH", ["NOTES"]);
                roff.text([roman(block)]);
            }
        }
    }
}

fn section(heading: &str) -> String {
    match heading {
        "Example:" | "Examples:" => "EXAMPLES".to_owned(),
        other => other.trim_end_matches(':').to_uppercase(),
    }
}

fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string())]);
        roff.text([roman(exit.meaning())]);
    }
}

/// The pages above and below this one.
fn see_also(roff: &mut Roff, command: &Command) {
    let page = command.get_display_name().unwrap_or(command.get_name());
    let above = page.rsplit_once('-').map(|(above, _)| above.to_owned());
    let below = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|below| format!("{page}-{}", below.get_name()));
    let pages: Vec<String> = above.into_iter().chain(below).collect();
    roff.control("SH", ["SEE ALSO"]);
    let last = pages.len().saturating_sub(1);
    for (place, page) in pages.iter().enumerate() {
        let after = if place == last { "" } else { "," };
        roff.control("BR", [page.as_str(), &format!("(1){after}")]);
    }
}

/// Leaves out all but the first of the definitions with which each part of a
/// page begins.
fn once(text: &str) -> String {
    let is_definition = |line: &str| line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds");
    let mut page = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number < 2 || !is_definition(line) {
            page.push_str(line);
            page.push('\n');
        }
    }
    page
}
