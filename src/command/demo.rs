//! `soliplex demo`: the whole pipeline on this machine in one go.
//!
//! Every step runs this very binary with the command line that it prints, in
//! a temporary folder that is gone afterwards, so that the demo shows nothing
//! that a reader could not type.

mod script;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Context;
use crate::config::SESSION_VARIABLE;
use crate::error::Exit;
use crate::output::{Printer, safe, shell};

/// How long the server may take to start.
const START_DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn run(context: &mut Context) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Dropping the demo early kills its children and removes its folder, which
    // is how Ctrl-C leaves nothing behind.
    runtime.block_on(async {
        tokio::select! {
            result = show(&mut context.printer) => result.map(|()| Exit::Done),
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    })
}

async fn show(printer: &mut Printer) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let stage = Stage::set(folder.path(), printer)?;
    stage.say(
        printer,
        "An app in the field logs, loses its secrets, survives being offline, and a support\n\
         engineer asks what happened. Each step shows the command behind it.",
    )?;

    stage.heading(printer, 1, "A backend, on a free port of this machine")?;
    let (mut server, url) = stage.serve(printer).await?;

    stage.heading(
        printer,
        2,
        "One session of the app, written to the queue on disk",
    )?;
    stage.show_command(
        printer,
        &format!("export {SESSION_VARIABLE}={}", script::SESSION),
    )?;
    for line in script::SESSION_LINES {
        stage.run(printer, line).await?;
    }

    stage.heading(printer, 3, "The queue, before the upload")?;
    stage.run(printer, &["queue", "inspect"]).await?;

    stage.heading(printer, 4, "What was redacted before anything was written")?;
    stage.show_redactions(printer).await?;

    stage.heading(printer, 5, "The upload, and the queue after it")?;
    let endpoint = format!("{url}/api/v1/logs");
    stage
        .run(printer, &["upload", "--endpoint", &endpoint])
        .await?;
    stage.run(printer, &["queue", "inspect"]).await?;

    stage.heading(
        printer,
        6,
        "The records of that session, as the server has them",
    )?;
    stage
        .run(
            printer,
            &["tail", &url, "--session", script::SESSION, "--no-follow"],
        )
        .await?;

    stage.heading(printer, 7, "What happened in it?")?;
    stage
        .run(printer, &["session", "show", script::SESSION, &url])
        .await?;

    stage.heading(printer, 8, "Which errors are there?")?;
    stage.run(printer, &["fingerprint", &url]).await?;

    stop(&mut server).await?;
    stage.say(
        printer,
        "\nThat was all of it; the temporary folder is gone. `soliplex --help` lists the rest.",
    )
}

/// Where the demo plays: a folder, this binary, and how it is to look.
struct Stage {
    folder: PathBuf,
    binary: PathBuf,
    color: &'static str,
}

impl Stage {
    fn set(folder: &Path, printer: &Printer) -> anyhow::Result<Stage> {
        let binary = std::env::current_exe().context("cannot find this program's own file")?;
        let is_colored = printer.palette().is_colored();
        for (file, text) in [
            (script::STACK_FILE, script::STACK),
            (script::CONFIG_FILE, ""),
        ] {
            std::fs::write(folder.join(file), text)
                .context("cannot write to the temporary folder")?;
        }
        Ok(Stage {
            folder: folder.to_owned(),
            binary,
            color: if is_colored { "always" } else { "never" },
        })
    }

    fn heading(&self, printer: &mut Printer, number: u8, text: &str) -> anyhow::Result<()> {
        let style = printer.palette().strong();
        printer.line(format_args!("\n{style}{number}. {text}{style:#}"))?;
        Ok(printer.flush()?)
    }

    fn say(&self, printer: &mut Printer, text: &str) -> anyhow::Result<()> {
        printer.line(text)?;
        Ok(printer.flush()?)
    }

    fn show_command(&self, printer: &mut Printer, command: &str) -> anyhow::Result<()> {
        let style = printer.palette().name();
        self.say(printer, &format!("{style}$ {command}{style:#}"))
    }

    /// The binary with these arguments, in the folder, knowing nothing of the
    /// settings of whoever runs the demo.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .args(["--color", self.color])
            .current_dir(&self.folder)
            .env("SOLIPLEX_STATE_DIR", self.folder.join("state"))
            .env("SOLIPLEX_CONFIG", self.folder.join(script::CONFIG_FILE))
            .env_remove("SOLIPLEX_QUEUE")
            .env_remove("SOLIPLEX_USER")
            .env_remove("SOLIPLEX_ENDPOINT")
            .env(SESSION_VARIABLE, script::SESSION)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Shows a command and runs it; its output is the demo's.
    async fn run(&self, printer: &mut Printer, args: &[&str]) -> anyhow::Result<()> {
        self.show_command(printer, &command_line(args))?;
        let status = self.command(args).status().await?;
        check(args, status)
    }

    async fn serve(&self, printer: &mut Printer) -> anyhow::Result<(Child, String)> {
        let args = script::SERVE;
        self.show_command(printer, &format!("{} &", command_line(args)))?;
        let mut server = self
            .command(args)
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        let stderr = server.stderr.take().context("the server has no stderr")?;
        let mut lines = BufReader::new(stderr).lines();
        let url = tokio::time::timeout(START_DEADLINE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, url)) = line.split_once("listening on ") {
                    return Ok(url.trim().to_owned());
                }
            }
            bail!("the server ended before it listened")
        })
        .await
        .context("the server did not start in time")??;
        // The server goes on writing to a pipe that somebody must empty.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.say(printer, &format!("listening on {url}"))?;
        Ok((server, url))
    }

    /// Compares what was typed with what stands in the queue.
    async fn show_redactions(&self, printer: &mut Printer) -> anyhow::Result<()> {
        let args = ["queue", "inspect", "--records", "--format", "jsonl"];
        self.show_command(printer, &command_line(&args))?;
        let output = self
            .command(&args)
            .stderr(Stdio::inherit())
            .output()
            .await?;
        check(&args, output.status)?;
        let stored: Vec<Value> = output
            .stdout
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        let palette = printer.palette();
        for (typed, stored) in script::typed_messages().zip(&stored) {
            let stored = stored["message"].as_str().unwrap_or_default();
            if typed != stored {
                let (bad, good) = (palette.error(), palette.good());
                printer.line(format_args!("  {bad}typed {bad:#} {}", safe::escape(typed)))?;
                printer.line(format_args!(
                    "  {good}stored{good:#} {}",
                    safe::escape(stored)
                ))?;
            }
        }
        Ok(printer.flush()?)
    }
}

fn check(args: &[&str], status: ExitStatus) -> anyhow::Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` ended with {status}", command_line(args))
}

/// Stops the server as an operator would, and waits for it.
async fn stop(server: &mut Child) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Some(id) = server.id().and_then(|id| i32::try_from(id).ok())
        && let Some(process) = rustix::process::Pid::from_raw(id)
    {
        rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
        server.wait().await?;
        return Ok(());
    }
    Ok(server.kill().await?)
}

/// A command line as it would be typed into a shell.
fn command_line(args: &[&str]) -> String {
    let words = args.iter().map(|word| shell::quoted(word));
    [Cow::Borrowed("soliplex")]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
