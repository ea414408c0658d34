//! `soliplex sanitize`: a stream in, the same stream without secrets out.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use walkdir::WalkDir;

use super::{Context, sanitizer};
use crate::cli::sanitize::{PathsArg, SanitizeArgs};
use crate::error::{Error, Exit, in_one_line};
use crate::output::{Printer, counted, safe, shell, table};
use crate::sanitize::{
    BUILTIN_RULES, Findings, Key, LineFinding, Paths, Replacement, Rules, Sanitizer, StreamOptions,
    sanitize_stream, sanitize_stream_with,
};
use crate::small_file;
use crate::source;

/// A shorter key could be found by trying all there are.
const MIN_KEY_BYTES: usize = 16;

pub(super) fn run(args: SanitizeArgs, context: &mut Context) -> anyhow::Result<Exit> {
    if args.list {
        return list(&mut context.printer);
    }
    let rules = rules(&args, context)?;
    let sanitizer = sanitizer::compile(rules, &context.config.policy)?;
    let mut findings = Findings::default();
    let (inputs, mut unchecked) = inputs(&args, &mut context.printer);
    for file in &inputs {
        let printer = &mut context.printer;
        let name = (inputs.len() > 1).then(|| file.display().to_string());
        match sanitize(&sanitizer, file, name.as_deref(), &args, printer) {
            Ok(found) => findings.merge(&found),
            // One file that cannot be read is no reason to look at no other.
            Err(error) if args.check && !error.chain().any(crate::output::is_closed) => {
                printer.warn(in_one_line(&error));
                unchecked += 1;
            }
            Err(error) => return Err(error),
        }
    }
    if args.stats {
        print_stats(&sanitizer, &findings, &mut context.printer);
    }
    match args.check && !findings.is_empty() {
        true => Ok(Exit::Findings),
        false if unchecked > 0 => {
            bail!("{} not checked", counted(unchecked, "input"))
        }
        false => Ok(Exit::Done),
    }
}

/// Does with one input what was asked for; it has a name where there are others.
fn sanitize(
    sanitizer: &Sanitizer,
    file: &Path,
    name: Option<&str>,
    args: &SanitizeArgs,
    printer: &mut Printer,
) -> anyhow::Result<Findings> {
    let input = open(file)?;
    let found = if args.check {
        check(sanitizer, file, input, printer)
    } else if args.explain {
        explain(sanitizer, input, name, printer)
    } else {
        let options = StreamOptions::default();
        sanitize_stream(sanitizer, input, printer.out(), &options).map(|stats| stats.findings)
    };
    found.map_err(|error| told(error, file))
}

/// The files to read, and how many could not be found out; to check a folder is
/// to check every file below it, where links lead too.
fn inputs(args: &SanitizeArgs, printer: &mut Printer) -> (Vec<PathBuf>, u64) {
    if args.files.is_empty() {
        return (vec![PathBuf::from("-")], 0);
    }
    let mut inputs = Vec::new();
    let mut unchecked = 0;
    for file in &args.files {
        if !(args.check && file.is_dir()) {
            inputs.push(file.clone());
            continue;
        }
        for entry in WalkDir::new(file).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => inputs.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    printer.warn(format_args!("cannot look into {}: {error}", file.display()));
                    unchecked += 1;
                }
            }
        }
    }
    (inputs, unchecked)
}

/// Names the file in an error, unless it is that stdout has gone.
fn told(error: io::Error, file: &Path) -> anyhow::Error {
    if crate::output::is_closed(&error) {
        return error.into();
    }
    anyhow::Error::new(error).context(format!("cannot sanitize {}", file.display()))
}

fn open(file: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if file == Path::new("-") {
        return Ok(source::decoded(io::stdin())?);
    }
    Ok(source::open_bytes(file)?)
}

/// Prints each finding as `FILE:LINE:COLUMN: RULE`, never the secret.
fn check(
    sanitizer: &Sanitizer,
    file: &Path,
    input: impl Read,
    printer: &mut Printer,
) -> io::Result<Findings> {
    let name = file.display().to_string();
    let name = safe::escape(&name);
    let mut written = Ok(());
    let printer = RefCell::new(printer);
    let stats = sanitize_stream_with(sanitizer, input, Flushing(&printer), &mut |found| {
        let rule = sanitizer.rule_name(found.finding.rule);
        let place = format!("{name}:{}:{}: {rule}", found.line, found.column());
        if written.is_ok() {
            written = printer.borrow_mut().line(place);
        }
    })?;
    written?;
    Ok(stats.findings)
}

/// Drops the clean lines; when they would be flushed, so are the findings in them.
struct Flushing<'p>(&'p RefCell<&'p mut Printer>);

impl Write for Flushing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().out().flush()
    }
}

/// Writes the clean lines, and on stderr which rule hit what.
fn explain(
    sanitizer: &Sanitizer,
    input: impl Read,
    name: Option<&str>,
    printer: &mut Printer,
) -> io::Result<Findings> {
    let stderr = io::stderr();
    let place = name.map_or_else(String::new, |name| format!("{}:", safe::escape(name)));
    let stats = sanitize_stream_with(
        sanitizer,
        input,
        printer.out(),
        &mut |found: LineFinding| {
            let rule = sanitizer.rule_name(found.finding.rule);
            // There is nowhere left to report that stderr is gone.
            let _ = writeln!(
                stderr.lock(),
                "{place}{}:{}: {rule}: {}",
                found.line,
                found.column(),
                safe::escape(&found.masked())
            );
        },
    )?;
    Ok(stats.findings)
}

fn print_stats(sanitizer: &Sanitizer, findings: &Findings, printer: &mut Printer) {
    let mut counts: Vec<_> = findings.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let rows = counts
        .into_iter()
        .map(|(rule, count)| vec![sanitizer.rule_name(rule).to_owned(), count.to_string()]);
    printer.note(table::render(&["rule", "redacted"], rows, &[1], 100));
}

fn list(printer: &mut Printer) -> anyhow::Result<Exit> {
    let rows = BUILTIN_RULES.iter().map(|rule| {
        [rule.name, rule.what, rule.example, rule.validator]
            .map(str::to_owned)
            .to_vec()
    });
    let headings = ["rule", "redacts", "example", "validated by"];
    let width = printer.width();
    printer.line(table::render(&headings, rows, &[], width))?;
    Ok(Exit::Done)
}

/// The rules of the configuration with those of the flags on top.
fn rules(args: &SanitizeArgs, context: &mut Context) -> anyhow::Result<Rules> {
    let mut settings = context.config.sanitize.clone();
    if args.rules.is_some() {
        settings.rules.clone_from(&args.rules);
    }
    let mut rules = sanitizer::rules(&settings)?;
    for key in &args.keys {
        rules.add_key(key);
    }
    for (name, regex) in &args.patterns {
        rules.add_pattern(name, regex);
    }
    for rule in &args.disabled {
        rules.disable(rule);
    }
    for value in &args.allowed {
        rules.allow(value);
    }
    if let Some(text) = &args.replacement {
        rules.replace_with(Replacement::Text(text.clone()));
    }
    if args.typed {
        rules.replace_with(Replacement::Typed);
    }
    if let Some(file) = &args.pseudonymize {
        rules.replace_with(Replacement::Pseudonym(key(file, &mut context.printer)?));
    }
    match args.paths {
        Some(PathsArg::Keep) => rules.paths(Paths::Keep),
        Some(PathsArg::Relative) => rules.paths(Paths::Relative),
        None => &mut rules,
    };
    Ok(rules)
}

fn key(file: &Path, printer: &mut Printer) -> anyhow::Result<Key> {
    let bytes = small_file::read(file);
    let bytes = bytes.with_context(|| format!("cannot read the key {}", file.display()))?;
    let name = file.display();
    let refused = |fault: &str| {
        Error::usage(format!(
            "the key in {name} {fault}; make one with `(umask 077; head -c 32 /dev/urandom > KEYFILE)`"
        ))
    };
    let length = bytes.trim_ascii().len();
    if (1..MIN_KEY_BYTES).contains(&length) {
        let fault = format!("has {length} bytes, at least {MIN_KEY_BYTES} are needed");
        return Err(refused(&fault).into());
    }
    let key = Key::new(&bytes).ok_or_else(|| refused("is empty"))?;
    if small_file::others_may_read(file) {
        let word = file.to_string_lossy();
        let word = shell::quoted(&word);
        printer.warn(format_args!(
            "others may read the key {name}, and who has it can find out whom a pseudonym stands for; `chmod 600 {word}` keeps it to you"
        ));
    }
    Ok(key)
}
