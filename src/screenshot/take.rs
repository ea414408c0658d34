//! Taking screenshots with a program of the user's, such as `grim -`.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::folder::{Folder, FolderError};
use super::picture::{Mask, Size, prepare};
use crate::picture::PictureError;

/// How long must pass between two screenshots: errors come in storms.
const INTERVAL: Duration = Duration::from_secs(10);

/// How long a screenshot may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The most bytes of a picture.
const MAX_BYTES: u64 = 64 << 20;

/// How much is read of what the command says of its failure.
const MAX_SAID_BYTES: u64 = 16 << 10;

/// How screenshots are taken.
#[derive(Clone, Debug)]
pub struct CameraOptions {
    /// A shell command that prints a PNG.
    pub command: String,
    /// How large they are kept.
    pub size: Size,
    /// What is blacked out.
    pub masks: Vec<Mask>,
}

/// Why there is no screenshot.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The command does not run.
    #[error("cannot run the screenshot command: {0}")]
    Command(#[from] io::Error),
    /// The command failed.
    #[error("the screenshot command failed: {0}")]
    Failed(String),
    /// The command took too long, or printed too much.
    #[error("the screenshot command took longer than {} s", DEADLINE.as_secs())]
    TooLong,
    /// What it printed is no picture.
    #[error("the screenshot command: {0}")]
    Picture(#[from] PictureError),
    /// The picture cannot be kept.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Takes screenshots in the background, at most one every ten seconds.
#[derive(Debug)]
pub struct Camera {
    options: CameraOptions,
    folder: Folder,
    /// How long a screenshot may take.
    deadline: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    /// Each hears how one screenshot went.
    under_way: Vec<Receiver<Result<(), TakeError>>>,
}

impl Camera {
    /// A camera that keeps its pictures in a folder.
    pub fn new(options: CameraOptions, folder: Folder) -> Camera {
        Camera {
            options,
            folder,
            deadline: DEADLINE,
            state: Mutex::default(),
        }
    }

    /// Starts to take a screenshot and says at once by which id it will be
    /// known; `None` if the last one was too short a time ago.
    pub fn shoot(&self) -> Option<String> {
        let mut state = self.lock();
        if state.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return None;
        }
        let id = super::new_id();
        let (options, folder) = (self.options.clone(), self.folder.clone());
        let deadline = self.deadline;
        let (done, under_way) = channel();
        let named = id.clone();
        let take = move || {
            // Nobody may be waiting any more.
            let _ = done.send(take(&options, &folder, &named, deadline));
        };
        thread::Builder::new()
            .name("soliplex-screenshot".to_owned())
            .spawn(take)
            .ok()?;
        state.last = Some(Instant::now());
        state.under_way.push(under_way);
        Some(id)
    }

    /// Waits for the screenshots that are under way, and says what went wrong.
    pub fn finish(&self) -> Vec<TakeError> {
        let under_way = std::mem::take(&mut self.lock().under_way);
        let patience = self.deadline + Duration::from_secs(1);
        let results = under_way
            .into_iter()
            .map(|result| result.recv_timeout(patience));
        results
            .filter_map(|result| result.unwrap_or(Err(TakeError::TooLong)).err())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(
    options: &CameraOptions,
    folder: &Folder,
    id: &str,
    deadline: Duration,
) -> Result<(), TakeError> {
    let mut said = tempfile::tempfile()?;
    let mut child = Command::new("sh")
        .args(["-c", &options.command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said.try_clone()?)
        .process_group(0)
        .spawn()?;
    let result = read(&mut child, deadline);
    // With all that it started; it may have ended by itself.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let status = child.wait()?;
    let file = result?;
    if !status.success() && file.is_empty() {
        let reason = last_line(&mut said)?.unwrap_or_else(|| status.to_string());
        return Err(TakeError::Failed(reason));
    }
    folder.put(id, &prepare(&file, options.size, &options.masks)?)?;
    Ok(())
}

/// The last line that a command said of what went wrong, if it said anything.
fn last_line(said: &mut File) -> io::Result<Option<String>> {
    let mut text = Vec::new();
    said.rewind()?;
    said.take(MAX_SAID_BYTES).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().rev().map(str::trim);
    Ok(lines.find(|line| !line.is_empty()).map(str::to_owned))
}

/// Reads all that a program prints, as long as that may take.
fn read(child: &mut Child, deadline: Duration) -> Result<Vec<u8>, TakeError> {
    let Some(stdout) = child.stdout.take() else {
        return Ok(Vec::new());
    };
    let (done, all) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let result = stdout
            .take(MAX_BYTES)
            .read_to_end(&mut bytes)
            .map(|_| bytes);
        let _ = done.send(result);
    });
    let bytes = all
        .recv_timeout(deadline)
        .map_err(|_| TakeError::TooLong)??;
    // What it prints is there; how it exits is of interest too.
    let until = Instant::now() + deadline;
    while child.try_wait()?.is_none() && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(command: &str) -> (Camera, tempfile::TempDir) {
        let queue = tempfile::tempdir().unwrap();
        let options = CameraOptions {
            command: command.to_owned(),
            size: Size::P480,
            masks: Vec::new(),
        };
        (Camera::new(options, Folder::of_queue(queue.path())), queue)
    }

    #[test]
    fn a_storm_of_errors_gives_one_screenshot() {
        let (camera, _queue) = camera("exit 1");
        assert!(camera.shoot().is_some());
        assert!(camera.shoot().is_none());
        assert!(matches!(camera.finish()[..], [TakeError::Failed(_)]));
        assert!(camera.finish().is_empty());
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let (camera, _queue) = camera("echo starting >&2; echo 'no display' >&2; exit 1");
        camera.shoot().unwrap();
        let [error] = &camera.finish()[..] else {
            panic!("one error");
        };
        assert_eq!(
            error.to_string(),
            "the screenshot command failed: no display"
        );
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
        let pids = tempfile::tempdir().unwrap();
        let pid = pids.path().join("pid");
        let command = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let (mut camera, _queue) = camera(&command);
        camera.deadline = Duration::from_millis(300);
        camera.shoot().unwrap();
        assert!(matches!(camera.finish()[..], [TakeError::TooLong]));
        assert!(camera.folder.pending().unwrap().is_empty());
        wait_for_end(&pid);
    }

    /// Waits until the process whose number is in a file has ended. It is gone
    /// then, or there until its new parent has seen that it is.
    fn wait_for_end(pid: &std::path::Path) {
        let pid = std::fs::read_to_string(pid).unwrap();
        let status = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        let deadline = Instant::now() + Duration::from_secs(10);
        while status().is_ok_and(|status| !status.contains(") Z ")) {
            assert!(Instant::now() < deadline, "{pid} is still there");
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn what_the_command_started_ends_with_it() {
        let pids = tempfile::tempdir().unwrap();
        let pid = pids.path().join("pid");
        let command = format!("sleep 600 >/dev/null & echo $! > {}; exit 1", pid.display());
        let (camera, _queue) = camera(&command);
        camera.shoot().unwrap();
        camera.finish();
        wait_for_end(&pid);
    }

    #[test]
    fn what_is_no_picture_is_not_kept() {
        let (camera, _queue) = camera("echo no picture");
        camera.shoot().unwrap();
        assert!(matches!(camera.finish()[..], [TakeError::Picture(_)]));
        assert!(camera.folder.pending().unwrap().is_empty());
    }
}
