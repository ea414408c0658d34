//! `soliplex tail`: records as they come, for a person or a script.

mod around;
mod repeats;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Context, sanitizer::sanitizer, sources, stop};
use crate::cli::tail::{Form, TailArgs};
use crate::error::Exit;
use crate::filter::Filter;
use crate::output::record::{self, Pretty};
use crate::output::{Printer, safe};
use crate::record::{Level, LogRecord};
use crate::sanitize::Sanitizer;
use crate::source::{self, Event, Next, Notice, Options, SourceError};
use around::Around;
use repeats::{Repeats, Seen};

/// How many records that are there are shown before the live ones.
const DEFAULT_LINES: usize = 10;

/// After how long a run of repeated records is told although it may go on.
const REPEATS_TOLD_AFTER: Duration = Duration::from_secs(1);

pub(super) fn run(args: TailArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let locations = sources::locations(args.sources, &context.config)?;
    let sanitizer = sanitizer(&context.config)?;
    let mut filter = Filter::from(args.filter);
    let is_filtered = !filter.is_empty() || args.context.is_some();
    let around = args.context.map(|records| {
        let mut wanted = std::mem::take(&mut filter);
        if wanted.is_empty() {
            wanted.level = Some(Level::Error);
        }
        Around::new(wanted, records)
    });
    let options = Options {
        filter,
        last: args
            .lines
            .or((!args.no_follow).then_some(DEFAULT_LINES))
            .filter(|_| around.is_none()),
        last_of_stdin: args.lines.filter(|_| around.is_none()),
        follow: !args.no_follow,
        token: sources::token(&context.config)?,
        access: sources::access(),
        ..Options::default()
    };
    let passed_over = Arc::clone(&options.passed_over);
    let mut items = source::open(&locations, options).map_err(sources::failed)?;
    let ending = items.stop();
    stop::on_signal(items.stop())?;
    if !args.no_follow {
        stop::on_closed_stdout(items.stop());
    }
    let deadline = args.timeout.map(|timeout| Instant::now() + timeout);
    let mut tail = Tail {
        form: args.output,
        pretty: Pretty {
            width: context.printer.known_width(),
            ..Pretty::new(context.printer.palette(), args.utc)
        },
        sanitizer,
        around,
        repeats: Repeats::default(),
        until: args.until_match.map(|regex| Filter {
            grep: Some(regex),
            ..Filter::default()
        }),
        has_shown: false,
        printer: &mut context.printer,
    };
    let mut failure = None;
    loop {
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            tail.finish()?;
            return Ok(Exit::TimedOut);
        }
        let wake = tail.wakes_at(deadline);
        // What is shown is handed on as soon as nothing more is waiting.
        let next = match items.next_until(Some(Instant::now())) {
            Next::TimedOut => {
                tail.printer.flush()?;
                items.next_until(wake)
            }
            next => next,
        };
        match next {
            Next::Item(Ok(item)) => {
                if tail.take(item.event)? {
                    tail.finish()?;
                    return Ok(Exit::Done);
                }
            }
            Next::Item(Err(error)) if failure.is_none() => failure = Some(error),
            Next::Item(Err(error)) => tail.printer.warn(error.in_words()),
            // Where it was the deadline, the next round ends it.
            Next::TimedOut => tail.tell_repeats()?,
            Next::End => break,
        }
    }
    tail.finish()?;
    if !tail.has_shown && failure.is_none() && args.no_follow && args.lines != Some(0) {
        let passed_over = passed_over.load(Ordering::Relaxed);
        tail.printer.note(match (is_filtered, passed_over) {
            (false, _) => "there are no records".to_owned(),
            (true, 0) => "no record matches".to_owned(),
            (true, 1) => "no record matches, and 1 line is no record: --grep alone searches it too".to_owned(),
            (true, lines) => format!(
                "no record matches, and {lines} lines are no records: --grep alone searches these too"
            ),
        });
    }
    let is_waiting = tail.until.is_some() && !ending.is_stopped();
    end(failure, is_waiting)
}

/// How it ends when the sources have.
fn end(failure: Option<SourceError>, is_waiting: bool) -> anyhow::Result<Exit> {
    match failure {
        Some(error) => Err(sources::failed(error)),
        None if is_waiting => Ok(Exit::TimedOut),
        None => Ok(Exit::Done),
    }
}

/// What is shown, and how.
struct Tail<'p> {
    form: Form,
    pretty: Pretty,
    /// A file may come from elsewhere, with a weaker sanitizer or none.
    sanitizer: Sanitizer,
    around: Option<Around>,
    repeats: Repeats,
    until: Option<Filter>,
    /// Whether anything of a source was shown.
    has_shown: bool,
    printer: &'p mut Printer,
}

impl Tail<'_> {
    /// When to look up although nothing came.
    fn wakes_at(&self, deadline: Option<Instant>) -> Option<Instant> {
        let repeats = self.repeats.is_pending();
        let tell = repeats.then(|| Instant::now() + REPEATS_TOLD_AFTER);
        [tell, deadline].into_iter().flatten().min()
    }

    /// Shows what came; `true` if it is what was waited for.
    fn take(&mut self, event: Event) -> anyhow::Result<bool> {
        let mut record = match event {
            Event::Record(record) => record,
            Event::Notice(notice) => {
                self.tell_repeats()?;
                self.notice(&notice)?;
                return Ok(false);
            }
        };
        let is_end = self
            .until
            .as_ref()
            .is_some_and(|until| until.matches(&record));
        self.sanitizer.sanitize_record(&mut record);
        match &mut self.around {
            None => self.show(&record)?,
            Some(around) => {
                let (is_apart, shown) = around.take(record);
                if is_apart {
                    self.tell_repeats()?;
                    self.separate()?;
                }
                for record in shown {
                    self.show(&record)?;
                }
            }
        }
        Ok(is_end)
    }

    fn show(&mut self, record: &LogRecord) -> anyhow::Result<()> {
        self.has_shown = true;
        match self.form {
            Form::Json => self.printer.line(record::json(record))?,
            Form::Logfmt => self.printer.line(record::logfmt(record))?,
            Form::Pretty => match self.repeats.take(record) {
                Seen::Again => {}
                Seen::New(told) => {
                    self.tell(told)?;
                    let text = self.pretty.format(record);
                    self.printer.line(text)?;
                }
            },
        }
        Ok(())
    }

    /// A line between two stretches that do not touch.
    fn separate(&mut self) -> anyhow::Result<()> {
        if self.form == Form::Pretty {
            let faint = self.pretty.palette.faint();
            self.printer.line(format_args!("{faint}--{faint:#}"))?;
        }
        Ok(())
    }

    /// Says what happened to a source; a line that is no record is shown.
    fn notice(&mut self, notice: &Notice) -> anyhow::Result<()> {
        match notice {
            Notice::NotARecord { text, .. } if self.form == Form::Pretty => {
                let faint = self.pretty.palette.faint();
                let text = self.sanitizer.sanitize_line(text.as_bytes());
                let text = match text.iter().all(|byte| *byte == 0) {
                    // What a disk gives for a block that it never got.
                    true => Cow::Borrowed("(nothing but zero bytes)"),
                    false => String::from_utf8_lossy(&text),
                };
                let text = safe::escape(&text);
                self.has_shown = true;
                self.printer.line(format_args!("{faint}{text}{faint:#}"))?;
            }
            Notice::Waiting { .. } | Notice::Appeared { .. } | Notice::Rotated { .. } => {
                let text = notice.to_string();
                self.printer.note(safe::escape(&text));
            }
            Notice::NotARecord { .. } => {
                let text = notice.to_string();
                let text = self.sanitizer.sanitize_line(text.as_bytes());
                self.printer.warn(String::from_utf8_lossy(&text));
            }
            Notice::TooLong { .. }
            | Notice::Truncated { .. }
            | Notice::Unreadable { .. }
            | Notice::Disconnected { .. }
            | Notice::Reconnected
            | Notice::Gap { .. } => self.printer.warn(notice),
        }
        Ok(())
    }

    fn tell_repeats(&mut self) -> anyhow::Result<()> {
        let told = self.repeats.end();
        self.tell(told)
    }

    fn tell(&mut self, told: Option<repeats::Told>) -> anyhow::Result<()> {
        let Some(told) = told else {
            return Ok(());
        };
        let faint = self.pretty.palette.faint();
        let times = match told.times {
            1 => "once more".to_owned(),
            times => format!("{times} times more"),
        };
        let until = match told.last {
            Some(time) => format!(", until {}", self.pretty.time(time)),
            None => String::new(),
        };
        self.printer.line(format_args!(
            "    {faint}… the same {times}{until}{faint:#}"
        ))?;
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.tell_repeats()?;
        self.printer.flush()?;
        Ok(())
    }
}
