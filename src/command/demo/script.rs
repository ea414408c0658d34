//! The scripted session of the demo. Every name and secret in it is made up.

/// The session's id.
pub(super) const SESSION: &str = "0197demo-4c1e-7a52-9d3f-calmfalcon01";

/// A configuration file for the stage, so that no other one is read.
pub(super) const CONFIG_FILE: &str = "config.toml";

/// The file with the stack trace of the error.
pub(super) const STACK_FILE: &str = "stack.txt";

/// The server's command line.
pub(super) const SERVE: &[&str] = &[
    "ingest",
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--store",
    "sqlite:ingest.db",
    "--no-auth",
];

/// A stack trace as the Dart VM prints it.
pub(super) const STACK: &str = "\
#0      RoomRepository.load (package:soliplex/rooms/room_repository.dart:88:7)
<asynchronous suspension>
#1      RoomController.open (package:soliplex/rooms/room_controller.dart:41:5)
<asynchronous suspension>
#2      _RoomPageState.initState.<anonymous closure> (package:soliplex/rooms/room_page.dart:29:11)
<asynchronous suspension>
#3      main (file:///home/ada/projects/soliplex/lib/main.dart:12:3)
";

/// What the app wrote, as one `emit` each. The message comes second.
pub(super) const SESSION_LINES: &[&[&str]] = &[
    &[
        "emit",
        "session started",
        "--logger",
        "App",
        "--attr",
        "app_version=3.1.0",
        "--attr",
        "device_model=Pixel 7",
    ],
    &["emit", "signed in as ada@example.com", "--logger", "Auth"],
    &[
        "emit",
        "GET /rooms/7 with Authorization: Bearer demo-0123456789abcdef0123456789abcdef",
        "--logger",
        "Http",
        "--attr",
        "status=200",
        "--attr",
        "ms=84",
    ],
    &[
        "emit",
        "navigated to /rooms/7",
        "--logger",
        "Router",
        "--attr",
        "view=room",
    ],
    &[
        "emit",
        "network_changed",
        "--logger",
        "Connectivity",
        "--attr",
        "type=none",
        "--attr",
        "online=false",
    ],
    &[
        "emit",
        "cannot load room 7",
        "--logger",
        "Rooms",
        "--level",
        "error",
        "--error",
        "SocketException: connection to 10.20.30.40:8443 refused",
        "--stack-trace",
        "@stack.txt",
    ],
    &[
        "emit",
        "cannot load room 9",
        "--logger",
        "Rooms",
        "--level",
        "error",
        "--error",
        "SocketException: connection to 10.20.30.41:8443 timed out",
        "--stack-trace",
        "@stack.txt",
    ],
    &[
        "emit",
        "uncaught: no room is open",
        "--logger",
        "App",
        "--level",
        "fatal",
        "--error",
        "StateError: Bad state: no room is open",
    ],
];

/// The messages as they were typed, in order.
pub(super) fn typed_messages() -> impl Iterator<Item = &'static str> {
    SESSION_LINES.iter().map(|line| line[1])
}
