//! The harness: a clean place to run the binary in, and things to run it on.

pub(crate) mod browser;
pub(crate) mod nats;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use predicates::prelude::predicate;
use serde_json::Value;

/// How long a test waits for what must happen before it fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What device tokens are signed with.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A temporary home with nothing in it. Every command run in it sees no
/// setting of the person who runs the tests.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Home {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Home { folder }
    }

    /// A path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and says where it is.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder made");
        fs::write(&path, content).expect("file written");
        path
    }

    /// The default queue's folder.
    pub(crate) fn queue(&self) -> PathBuf {
        self.path("state/queue")
    }

    /// The records of the default queue, fatal ones last.
    pub(crate) fn queued(&self) -> Vec<Value> {
        ["log_queue.jsonl", "log_queue_fatal.jsonl"]
            .into_iter()
            .filter_map(|name| fs::read_to_string(self.queue().join(name)).ok())
            .flat_map(|text| json_lines(&text))
            .collect()
    }

    /// The binary, ready for arguments.
    pub(crate) fn soliplex(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soliplex"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("SOLIPLEX_STATE_DIR", self.path("state"))
            .current_dir(self.folder.path());
        // Where `tests/coverage` wants to know what ran.
        if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", profile);
        }
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Assert {
        self.run_with_stdin(args, "")
    }

    /// Runs the binary to its end with something on stdin.
    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Assert {
        let mut command = self.soliplex();
        command.args(args);
        assert_cmd::Command::from_std(command)
            .write_stdin(stdin.as_ref())
            .timeout(DEADLINE)
            .assert()
    }

    /// Uploads the default queue, once, to where nobody listens.
    pub(crate) fn upload_to_nobody(&self) -> Assert {
        let endpoint = ["--endpoint", "http://127.0.0.1:9"];
        self.run(&["upload", endpoint[0], endpoint[1], "--attempts", "1"])
    }

    /// Starts the binary and goes on.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::of(self.soliplex().args(args))
    }
}

/// What tests ask of a command that ran to its end. A failed assertion shows
/// the command, its stdout and its stderr.
pub(crate) trait Ran: Sized {
    /// The code that the command exited with.
    fn exits(self, code: i32) -> Self;

    /// It exited with 0.
    fn succeeds(self) -> Self {
        self.exits(0)
    }

    fn stdout_text(&self) -> String;

    fn stderr_text(&self) -> String;

    /// The lines of stdout, each as JSON.
    #[track_caller]
    fn json_lines(&self) -> Vec<Value> {
        json_lines(&self.stdout_text())
    }

    /// Stderr is one line that names each of these.
    fn says_in_one_line(self, needles: &[&str]) -> Self;
}

impl Ran for Assert {
    #[track_caller]
    fn exits(self, code: i32) -> Assert {
        self.code(code)
    }

    fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.get_output().stdout).into_owned()
    }

    fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.get_output().stderr).into_owned()
    }

    #[track_caller]
    fn says_in_one_line(self, needles: &[&str]) -> Assert {
        needles.iter().fold(self.stderr(one_line()), |ran, needle| {
            ran.stderr(predicate::str::contains(*needle))
        })
    }
}

/// A text of one line.
fn one_line() -> impl predicates::Predicate<str> {
    predicate::function(|text: &str| text.trim_end().lines().count() == 1)
}

/// A command that runs on; it is killed when the test is over.
pub(crate) struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn of(command: &mut Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = lines_of(child.stdout.take().expect("a pipe"));
        let stderr = lines_of(child.stderr.take().expect("a pipe"));
        Running {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of stdout with this in it.
    #[track_caller]
    pub(crate) fn prints(&self, needle: &str) -> String {
        wait_for_line(&self.stdout, needle)
    }

    /// Waits for a line of stderr with this in it.
    #[track_caller]
    pub(crate) fn says(&self, needle: &str) -> String {
        wait_for_line(&self.stderr, needle)
    }

    /// Whatever lines of stdout have come so far.
    pub(crate) fn printed(&self) -> Vec<String> {
        self.stdout.try_iter().collect()
    }

    /// The lines of stderr that have not been waited for, up to its end.
    pub(crate) fn said(&self) -> Vec<String> {
        self.stderr.iter().collect()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Whether it has come to its end.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("wait").is_some()
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        wait_until("the command ends", || self.child.try_wait().expect("wait"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `tests/coverage` learns nothing of what is killed.
        if std::env::var_os("LLVM_PROFILE_FILE").is_some() && !self.has_ended() {
            self.signal("TERM");
            let ends = Instant::now() + Duration::from_secs(12);
            while !self.has_ended() && Instant::now() < ends {
                thread::sleep(Duration::from_millis(20));
            }
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server of ours on a free loopback port.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) url: String,
}

impl Server {
    /// Starts `ingest serve` with these flags besides the address and the store.
    pub(crate) fn start(home: &Home, flags: &[&str]) -> Server {
        Server::start_on(home, "127.0.0.1:0", flags)
    }

    /// As [`Server::start`], on an address of the test's choice.
    pub(crate) fn start_on(home: &Home, address: &str, flags: &[&str]) -> Server {
        let store = format!("sqlite:{}", home.path("ingest.db").display());
        let mut args = vec!["ingest", "serve", "--listen", address, "--store", &store];
        args.extend(flags);
        Server::of(home.soliplex().args(&args))
    }

    /// Starts a server that takes device tokens and those of operators in this
    /// file.
    pub(crate) fn with_tokens(home: &Home, operators: &str) -> Server {
        let secret = home.file("secret", SECRET);
        let operators = home.file("operators", operators);
        let files = [secret, operators].map(|file| file.to_str().expect("UTF-8").to_owned());
        let flags = ["--jwt-secret-file", "--operator-token-file"];
        Server::start(home, &[flags[0], &files[0], flags[1], &files[1]])
    }

    /// Starts a server by a command of the test's choice, and waits until it
    /// says where it listens.
    pub(crate) fn of(command: &mut Command) -> Server {
        let running = Running::of(command);
        let line = running.says("listening on ");
        let url = line
            .split("listening on ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .expect("an address");
        let url = url.to_owned();
        Server { running, url }
    }

    /// Where to upload to.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/api/v1/logs", self.url)
    }
}

/// Appends a line to a file, which is made if it is not there.
pub(crate) fn append_line(path: &Path, line: &str) {
    let mut options = OpenOptions::new();
    let mut file = options
        .create(true)
        .append(true)
        .open(path)
        .expect("opened");
    writeln!(file, "{}", line.trim_end()).expect("written");
}

/// The lines of a text, each as JSON.
#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// A record with the keys that every record has, as one line of JSON.
pub(crate) fn record_line(n: usize) -> String {
    format!(
        r#"{{"timestamp":"2026-02-06T12:00:{:02}.{:03}Z","level":"info","logger":"Test","message":"record {n}","installId":"install-1","sessionId":"session-1"}}"#,
        n / 1000 % 60,
        n % 1000,
    )
}

/// A folder of the repository's fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// A shell with the binary on its path, in a home.
#[cfg(unix)]
pub(crate) fn in_shell(home: &Home, commands: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_soliplex"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let plain = home.soliplex();
    let mut shell = Command::new("sh");
    shell
        .args(["-eu", "-c", commands])
        .current_dir(home.path(""));
    shell.env_clear();
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.env("PATH", path);
    shell
}

/// Copies a folder of plain files.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder made");
    for entry in fs::read_dir(from).expect("folder read") {
        let entry = entry.expect("entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("file copied");
    }
}

/// Tries until there is an answer, and fails at the deadline.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn wait_for_line(lines: &Receiver<String>, needle: &str) -> String {
    let start = Instant::now();
    let mut seen = Vec::new();
    while let Some(left) = DEADLINE.checked_sub(start.elapsed()) {
        match lines.recv_timeout(left) {
            Ok(line) if line.contains(needle) => return line,
            Ok(line) => seen.push(line),
            Err(_) => break,
        }
    }
    panic!("no line with {needle:?} came; these did: {seen:#?}");
}

fn lines_of(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A file system of its own, gone when this is dropped.
#[cfg(target_os = "linux")]
pub(crate) struct SmallDisk {
    pub(crate) path: PathBuf,
}

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// One of a size such as `64k`; `None` where it may not be mounted.
    pub(crate) fn mount(path: PathBuf, size: &str) -> Option<SmallDisk> {
        fs::create_dir_all(&path).expect("a folder");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&path);
        let output = mount.output().ok()?;
        output.status.success().then_some(SmallDisk { path })
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
    }
}
