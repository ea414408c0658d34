
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'soliplex' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'soliplex'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'soliplex' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('emit', 'emit', [CompletionResultType]::ParameterValue, 'Write records into the queue, sanitized')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program and record it')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Follow records live, through rotation and reconnects')
            [CompletionResult]::new('sanitize', 'sanitize', [CompletionResultType]::ParameterValue, 'Redact a stream: stdin to stdout, JSONL and plain text')
            [CompletionResult]::new('queue', 'queue', [CompletionResultType]::ParameterValue, 'Look at a queue, drain it, repair it')
            [CompletionResult]::new('upload', 'upload', [CompletionResultType]::ParameterValue, 'Ship a queue to a server, replay fixtures, send dead letters again')
            [CompletionResult]::new('ingest', 'ingest', [CompletionResultType]::ParameterValue, 'The backend endpoint, with an embedded store')
            [CompletionResult]::new('fingerprint', 'fingerprint', [CompletionResultType]::ParameterValue, 'Group errors: Top 5, exemplar, first and last seen, sessions hit')
            [CompletionResult]::new('session', 'session', [CompletionResultType]::ParameterValue, 'Open a session for a script, list sessions, tell one as a story')
            [CompletionResult]::new('metrics', 'metrics', [CompletionResultType]::ParameterValue, 'Sum up measurements: count, percentiles, a small histogram')
            [CompletionResult]::new('telemetry', 'telemetry', [CompletionResultType]::ParameterValue, 'The switch for shipping without being asked, off by default')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what may keep an upload from working')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show the whole pipeline on this machine in one go, step by step')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the manual pages into a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;emit' {
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'How serious it is (with --jsonl: for records that do not say)')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'The name of the logger (with --jsonl: for records that do not say)')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'An attribute; a number, true, false, or JSON keeps its type (may be repeated)')
            [CompletionResult]::new('--error', '--error', [CompletionResultType]::ParameterName, 'The error as text, its type first')
            [CompletionResult]::new('--stack-trace', '--stack-trace', [CompletionResultType]::ParameterName, 'The stack trace, or @FILE with it')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'The session [default: a new one]')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The signed-in user')
            [CompletionResult]::new('--trace-id', '--trace-id', [CompletionResultType]::ParameterName, 'The trace, 32 hex digits')
            [CompletionResult]::new('--span-id', '--span-id', [CompletionResultType]::ParameterName, 'The span, 16 hex digits')
            [CompletionResult]::new('--screenshot', '--screenshot', [CompletionResultType]::ParameterName, 'A screenshot that goes with the record, as PNG')
            [CompletionResult]::new('--screenshot-size', '--screenshot-size', [CompletionResultType]::ParameterName, 'How large the screenshot is kept: full, or 480p')
            [CompletionResult]::new('--screenshot-mask', '--screenshot-mask', [CompletionResultType]::ParameterName, 'An area of the screenshot to black out, in its pixels (may be repeated)')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Write one record for each line of stdin')
            [CompletionResult]::new('--jsonl', '--jsonl', [CompletionResultType]::ParameterName, 'Write the records on stdin, one JSON object a line')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'Have the records on the disk, not just in the system''s cache, before returning')
            [CompletionResult]::new('--print', '--print', [CompletionResultType]::ParameterName, 'Print each record as it was queued')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;run' {
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'The name of the logger [default: the program''s name]')
            [CompletionResult]::new('--parse', '--parse', [CompletionResultType]::ParameterName, 'How to read lines: by their look, as JSON, or as text')
            [CompletionResult]::new('--ready', '--ready', [CompletionResultType]::ParameterName, 'The line that says that the program is ready, which ends its cold start [default: the first line]')
            [CompletionResult]::new('--app-version', '--app-version', [CompletionResultType]::ParameterName, 'The program''s version, for the first record')
            [CompletionResult]::new('--build-number', '--build-number', [CompletionResultType]::ParameterName, 'The number of the program''s build, for the first record')
            [CompletionResult]::new('--screenshot-command', '--screenshot-command', [CompletionResultType]::ParameterName, 'A shell command that prints a PNG, such as `grim -`: run on an error, at most every 10 s')
            [CompletionResult]::new('--screenshot-size', '--screenshot-size', [CompletionResultType]::ParameterName, 'How large the screenshot is kept: full, or 480p')
            [CompletionResult]::new('--screenshot-mask', '--screenshot-mask', [CompletionResultType]::ParameterName, 'An area of the screenshot to black out, in its pixels (may be repeated)')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where to post to; without a path, /api/v1/logs is added')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token; read again when it changes')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The signed-in user')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--upload', '--upload', [CompletionResultType]::ParameterName, 'Ship the records while the program runs, if telemetry is on')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;tail' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show this many of the records that are there [default: 10, or all with --no-follow]')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Show this many of the records that are there [default: 10, or all with --no-follow]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Show this many records around each that matches (without a filter: around each error)')
            [CompletionResult]::new('--until-match', '--until-match', [CompletionResultType]::ParameterName, 'End with success as soon as a record''s message, error or stack trace matches')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this long; the exit code is then 8')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only records of this session (a prefix of its id)')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Only records of this installation (a prefix of its id, or the device''s alias)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Only records of this user (a prefix of the id)')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Only records at least this serious')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'Only records of these loggers (`*` and `?` as in file names; case is ignored)')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose message, error or stack trace matches')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'Only records with this attribute (may be repeated)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only records from this instant on: RFC 3339, or a duration ago such as 10m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only records up to this instant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--no-follow', '--no-follow', [CompletionResultType]::ParameterName, 'End when everything that is there was shown')
            [CompletionResult]::new('--utc', '--utc', [CompletionResultType]::ParameterName, 'Show times in UTC, not in local time')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;sanitize' {
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Redact the values of this key too (may be repeated)')
            [CompletionResult]::new('--pattern', '--pattern', [CompletionResultType]::ParameterName, 'Redact what this regular expression matches too (may be repeated)')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'Read rules from this TOML file, instead of the one the configuration names')
            [CompletionResult]::new('--disable', '--disable', [CompletionResultType]::ParameterName, 'Turn a rule off; --list names them (may be repeated)')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Keep this value wherever it stands (may be repeated)')
            [CompletionResult]::new('--replacement', '--replacement', [CompletionResultType]::ParameterName, 'Write this in place of what is redacted')
            [CompletionResult]::new('--pseudonymize', '--pseudonymize', [CompletionResultType]::ParameterName, 'Write a token that is the same for the same value: `[email:7f3a9c]`; the key in this file makes the tokens, and nobody can reverse them without it')
            [CompletionResult]::new('--paths', '--paths', [CompletionResultType]::ParameterName, 'What to do with absolute paths in stack traces [default: relative]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--typed', '--typed', [CompletionResultType]::ParameterName, 'Say what was redacted: `[REDACTED:email]`')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write no line, only where something was found, and exit with 3 if anything was')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Say on stderr which rule hit what, masked')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Say on stderr how often each rule hit')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'Print the rules and exit')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;queue' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what is in a queue and what is wrong with it; never writes')
            [CompletionResult]::new('drain', 'drain', [CompletionResultType]::ParameterValue, 'Print records as JSONL, and confirm them once they are written')
            [CompletionResult]::new('repair', 'repair', [CompletionResultType]::ParameterValue, 'Salvage all that can be read into a clean queue')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;queue;inspect' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only records of this session (a prefix of its id)')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Only records of this installation (a prefix of its id, or the device''s alias)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Only records of this user (a prefix of the id)')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Only records at least this serious')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'Only records of these loggers (`*` and `?` as in file names; case is ignored)')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose message, error or stack trace matches')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'Only records with this attribute (may be repeated)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only records from this instant on: RFC 3339, or a duration ago such as 10m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only records up to this instant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Read every byte, and exit with 4 if anything is damaged')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'Print the pending records instead')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;queue;drain' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'At most this many records')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'At most this many records')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only records of this session (a prefix of its id)')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Only records of this installation (a prefix of its id, or the device''s alias)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Only records of this user (a prefix of the id)')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Only records at least this serious')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'Only records of these loggers (`*` and `?` as in file names; case is ignored)')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose message, error or stack trace matches')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'Only records with this attribute (may be repeated)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only records from this instant on: RFC 3339, or a duration ago such as 10m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only records up to this instant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print, but confirm nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;queue;repair' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder for the new queue: a new or an empty one')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was done')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;queue;help' {
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what is in a queue and what is wrong with it; never writes')
            [CompletionResult]::new('drain', 'drain', [CompletionResultType]::ParameterValue, 'Print records as JSONL, and confirm them once they are written')
            [CompletionResult]::new('repair', 'repair', [CompletionResultType]::ParameterValue, 'Salvage all that can be read into a clean queue')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;queue;help;inspect' {
            break
        }
        'soliplex;queue;help;drain' {
            break
        }
        'soliplex;queue;help;repair' {
            break
        }
        'soliplex;queue;help;help' {
            break
        }
        'soliplex;upload' {
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where to post to; without a path, /api/v1/logs is added')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token; read again when it changes')
            [CompletionResult]::new('--token-env', '--token-env', [CompletionResultType]::ParameterName, 'The environment variable with the token')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'The most records in a request')
            [CompletionResult]::new('--max-batch-bytes', '--max-batch-bytes', [CompletionResultType]::ParameterName, 'The most bytes in a request')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long a request may take, to the end of its answer')
            [CompletionResult]::new('--wire', '--wire', [CompletionResultType]::ParameterName, 'The spelling of keys; auto starts with camel and changes if the server asks for it')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'How many requests in a row may fail before giving up (with --follow: never)')
            [CompletionResult]::new('--flush-interval', '--flush-interval', [CompletionResultType]::ParameterName, 'How often to ship with --follow')
            [CompletionResult]::new('--receipt', '--receipt', [CompletionResultType]::ParameterName, 'Write an account of the upload to this file, as JSON')
            [CompletionResult]::new('--restamp', '--restamp', [CompletionResultType]::ParameterName, 'What becomes of timestamps: they stay, are the instant of sending, or are moved to end now')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'How fast to replay: max, original, or a factor such as 10x')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Exit with 5 unless the server took in exactly so many new records')
            [CompletionResult]::new('--export', '--export', [CompletionResultType]::ParameterName, 'Copy the dead letters to this file; send nothing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--bury-all', '--bury-all', [CompletionResultType]::ParameterName, 'Set refused records aside as dead letters even if the server has taken none; otherwise it stops after the first 200 of them')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Keep shipping: at intervals, at once on an error or fatal record, and once more at the end')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Queue the time of each request as a record with the attributes metric and ms')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the batches, and what the deployed backend would reject; send nothing')
            [CompletionResult]::new('--replay', '--replay', [CompletionResultType]::ParameterName, 'Send the records of SOURCES and leave these untouched')
            [CompletionResult]::new('--new-session', '--new-session', [CompletionResultType]::ParameterName, 'Give each replayed session, and each of its records, a new id')
            [CompletionResult]::new('--allow-production', '--allow-production', [CompletionResultType]::ParameterName, 'Replay to a host that the configuration marks as production')
            [CompletionResult]::new('--dead-letter', '--dead-letter', [CompletionResultType]::ParameterName, 'Send the dead letters again; those that go through leave the file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;ingest' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Take records in over HTTP, store them and hand them to readers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;ingest;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where to listen: ADDR:PORT (port 0 takes a free one) or unix:PATH (may be repeated)')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The store: one file, or a cluster of NATS with JetStream for a fleet of servers [default: ingest.db in the state folder]')
            [CompletionResult]::new('--replicas', '--replicas', [CompletionResultType]::ParameterName, 'Keep each batch on this many of NATS'' servers [default: 3 if as many hosts are named, else 1]')
            [CompletionResult]::new('--nats-credentials', '--nats-credentials', [CompletionResultType]::ParameterName, 'Sign in to NATS with this file: .creds, or a line of USER:PASSWORD, or a token')
            [CompletionResult]::new('--nats-ca', '--nats-ca', [CompletionResultType]::ParameterName, 'Speak TLS with NATS, and trust the authority in this PEM file')
            [CompletionResult]::new('--retention', '--retention', [CompletionResultType]::ParameterName, 'Keep records for this long [default: for good]')
            [CompletionResult]::new('--max-store', '--max-store', [CompletionResultType]::ParameterName, 'Keep this much at the most, the oldest go first [default: no limit]')
            [CompletionResult]::new('--jwt-secret-file', '--jwt-secret-file', [CompletionResultType]::ParameterName, 'Trust device tokens signed with the HS256 secret in this file')
            [CompletionResult]::new('--jwt-public-key', '--jwt-public-key', [CompletionResultType]::ParameterName, 'Trust device tokens signed for this public key, in PEM (RSA, EC or Ed25519; may be repeated)')
            [CompletionResult]::new('--jwks-url', '--jwks-url', [CompletionResultType]::ParameterName, 'Trust device tokens signed for a key of the set at this URL')
            [CompletionResult]::new('--jwks-file', '--jwks-file', [CompletionResultType]::ParameterName, 'Trust device tokens signed for a key of the set in this file')
            [CompletionResult]::new('--issuer', '--issuer', [CompletionResultType]::ParameterName, 'The `iss` that device tokens must have')
            [CompletionResult]::new('--audience', '--audience', [CompletionResultType]::ParameterName, 'The `aud` that device tokens must have')
            [CompletionResult]::new('--leeway', '--leeway', [CompletionResultType]::ParameterName, 'How far clocks may be apart when a token''s times are checked, at most 60s')
            [CompletionResult]::new('--operator-token-file', '--operator-token-file', [CompletionResultType]::ParameterName, 'Let readers in with one of the tokens in this file, one a line')
            [CompletionResult]::new('--operator-claim', '--operator-claim', [CompletionResultType]::ParameterName, 'Let readers in with a device token that has this claim, such as scope=soliplex:read')
            [CompletionResult]::new('--cors-origin', '--cors-origin', [CompletionResultType]::ParameterName, 'Let web pages of this origin call the server (may be repeated)')
            [CompletionResult]::new('--max-body', '--max-body', [CompletionResultType]::ParameterName, 'The largest body, after decoding')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'How many connections may be open')
            [CompletionResult]::new('--rate-user', '--rate-user', [CompletionResultType]::ParameterName, 'How many records a user may send: N a second, or N/m, N/h; 0 is no limit')
            [CompletionResult]::new('--rate-session', '--rate-session', [CompletionResultType]::ParameterName, 'How many records a session may send')
            [CompletionResult]::new('--rate-address', '--rate-address', [CompletionResultType]::ParameterName, 'How many records may come from one address (for IPv6: from one /64)')
            [CompletionResult]::new('--otlp-endpoint', '--otlp-endpoint', [CompletionResultType]::ParameterName, 'Forward records over OTLP to this collector; /v1/logs is added')
            [CompletionResult]::new('--otlp-header', '--otlp-header', [CompletionResultType]::ParameterName, 'A header for the collector; a value of @FILE is read from there (may be repeated)')
            [CompletionResult]::new('--forward', '--forward', [CompletionResultType]::ParameterName, 'Answer once records are stored, or only once they were forwarded')
            [CompletionResult]::new('--logging-config', '--logging-config', [CompletionResultType]::ParameterName, 'Tell apps the log levels in this TOML or JSON file, which is watched')
            [CompletionResult]::new('--alert-webhook', '--alert-webhook', [CompletionResultType]::ParameterName, 'Call this URL when an error comes up often; @FILE reads it from there')
            [CompletionResult]::new('--alert-threshold', '--alert-threshold', [CompletionResultType]::ParameterName, 'How often that is')
            [CompletionResult]::new('--alert-window', '--alert-window', [CompletionResultType]::ParameterName, 'Within what time')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'Speak TLS with the certificate chain in this PEM file')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'The private key of the certificate, in PEM')
            [CompletionResult]::new('--access-log', '--access-log', [CompletionResultType]::ParameterName, 'Write each request that was answered, as JSON, to this file (`-` is stderr)')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--no-auth', '--no-auth', [CompletionResultType]::ParameterName, 'Trust everyone; only on loopback, unless --listen says otherwise')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;ingest;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Take records in over HTTP, store them and hand them to readers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;ingest;help;serve' {
            break
        }
        'soliplex;ingest;help;help' {
            break
        }
        'soliplex;fingerprint' {
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'Show this many groups, the most frequent first')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'Only errors of the last so much time')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Show only the groups that are not in this file; the exit code is 3 if there is one')
            [CompletionResult]::new('--write-baseline', '--write-baseline', [CompletionResultType]::ParameterName, 'Write all groups, and those of --baseline, into this file')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only records of this session (a prefix of its id)')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Only records of this installation (a prefix of its id, or the device''s alias)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Only records of this user (a prefix of the id)')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Only records at least this serious')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'Only records of these loggers (`*` and `?` as in file names; case is ignored)')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose message, error or stack trace matches')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'Only records with this attribute (may be repeated)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only records from this instant on: RFC 3339, or a duration ago such as 10m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only records up to this instant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Show the type and the frames that were hashed')
            [CompletionResult]::new('--annotate', '--annotate', [CompletionResultType]::ParameterName, 'Print every record as JSONL with `fingerprint` added to errors')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;session' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Open a session for a script: prints what to `eval`')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'Close the session that the environment names')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List sessions, the one heard of last first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Tell what happened in a session, in order')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;session;start' {
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'What the script is called')
            [CompletionResult]::new('--app-version', '--app-version', [CompletionResultType]::ParameterName, 'Its version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Its version')
            [CompletionResult]::new('--build-number', '--build-number', [CompletionResultType]::ParameterName, 'The number of its build')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The signed-in user')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;session;end' {
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'The session')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'What the script ends with; anything but 0 is recorded as fatal')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The signed-in user')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;session;list' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'List at most this many')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'List at most this many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only records of this session (a prefix of its id)')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Only records of this installation (a prefix of its id, or the device''s alias)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Only records of this user (a prefix of the id)')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Only records at least this serious')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'Only records of these loggers (`*` and `?` as in file names; case is ignored)')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose message, error or stack trace matches')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'Only records with this attribute (may be repeated)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only records from this instant on: RFC 3339, or a duration ago such as 10m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only records up to this instant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;session;show' {
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The session of this user (a prefix of the id)')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'The session that was going on at this instant: RFC 3339, or a duration ago')
            [CompletionResult]::new('--around', '--around', [CompletionResultType]::ParameterName, 'How far from that instant to look')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Write the story into this file, as a page to attach to a ticket')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--utc', '--utc', [CompletionResultType]::ParameterName, 'Show times in UTC, not in local time')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;session;help' {
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Open a session for a script: prints what to `eval`')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'Close the session that the environment names')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List sessions, the one heard of last first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Tell what happened in a session, in order')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;session;help;start' {
            break
        }
        'soliplex;session;help;end' {
            break
        }
        'soliplex;session;help;list' {
            break
        }
        'soliplex;session;help;show' {
            break
        }
        'soliplex;session;help;help' {
            break
        }
        'soliplex;metrics' {
            [CompletionResult]::new('--metric', '--metric', [CompletionResultType]::ParameterName, 'Only this metric (may be repeated)')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'One row for each session, installation or logger')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only records of this session (a prefix of its id)')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Only records of this installation (a prefix of its id, or the device''s alias)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Only records of this user (a prefix of the id)')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Only records at least this serious')
            [CompletionResult]::new('--logger', '--logger', [CompletionResultType]::ParameterName, 'Only records of these loggers (`*` and `?` as in file names; case is ignored)')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose message, error or stack trace matches')
            [CompletionResult]::new('--attr', '--attr', [CompletionResultType]::ParameterName, 'Only records with this attribute (may be repeated)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only records from this instant on: RFC 3339, or a duration ago such as 10m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only records up to this instant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;telemetry' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the switch, where records go, and whether they could')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Let records be shipped without being asked')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Keep records on this device')
            [CompletionResult]::new('endpoint', 'endpoint', [CompletionResultType]::ParameterValue, 'Set where records go')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;telemetry;status' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not try the connection')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;telemetry;enable' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;telemetry;disable' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;telemetry;endpoint' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;telemetry;help' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the switch, where records go, and whether they could')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Let records be shipped without being asked')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Keep records on this device')
            [CompletionResult]::new('endpoint', 'endpoint', [CompletionResultType]::ParameterValue, 'Set where records go')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;telemetry;help;status' {
            break
        }
        'soliplex;telemetry;help;enable' {
            break
        }
        'soliplex;telemetry;help;disable' {
            break
        }
        'soliplex;telemetry;help;endpoint' {
            break
        }
        'soliplex;telemetry;help;help' {
            break
        }
        'soliplex;doctor' {
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'The endpoint to try [default: the configured one]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token')
            [CompletionResult]::new('--token-env', '--token-env', [CompletionResultType]::ParameterName, 'The environment variable with the token')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for the server')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the findings')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soliplex;demo' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;completions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;man' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Keep the install id and the default queue here')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Use the queue in this folder, or memory: for one that ends with the process')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour (NO_COLOR is honoured)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'soliplex;help' {
            [CompletionResult]::new('emit', 'emit', [CompletionResultType]::ParameterValue, 'Write records into the queue, sanitized')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program and record it')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Follow records live, through rotation and reconnects')
            [CompletionResult]::new('sanitize', 'sanitize', [CompletionResultType]::ParameterValue, 'Redact a stream: stdin to stdout, JSONL and plain text')
            [CompletionResult]::new('queue', 'queue', [CompletionResultType]::ParameterValue, 'Look at a queue, drain it, repair it')
            [CompletionResult]::new('upload', 'upload', [CompletionResultType]::ParameterValue, 'Ship a queue to a server, replay fixtures, send dead letters again')
            [CompletionResult]::new('ingest', 'ingest', [CompletionResultType]::ParameterValue, 'The backend endpoint, with an embedded store')
            [CompletionResult]::new('fingerprint', 'fingerprint', [CompletionResultType]::ParameterValue, 'Group errors: Top 5, exemplar, first and last seen, sessions hit')
            [CompletionResult]::new('session', 'session', [CompletionResultType]::ParameterValue, 'Open a session for a script, list sessions, tell one as a story')
            [CompletionResult]::new('metrics', 'metrics', [CompletionResultType]::ParameterValue, 'Sum up measurements: count, percentiles, a small histogram')
            [CompletionResult]::new('telemetry', 'telemetry', [CompletionResultType]::ParameterValue, 'The switch for shipping without being asked, off by default')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what may keep an upload from working')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show the whole pipeline on this machine in one go, step by step')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the manual pages into a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'soliplex;help;emit' {
            break
        }
        'soliplex;help;run' {
            break
        }
        'soliplex;help;tail' {
            break
        }
        'soliplex;help;sanitize' {
            break
        }
        'soliplex;help;queue' {
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what is in a queue and what is wrong with it; never writes')
            [CompletionResult]::new('drain', 'drain', [CompletionResultType]::ParameterValue, 'Print records as JSONL, and confirm them once they are written')
            [CompletionResult]::new('repair', 'repair', [CompletionResultType]::ParameterValue, 'Salvage all that can be read into a clean queue')
            break
        }
        'soliplex;help;queue;inspect' {
            break
        }
        'soliplex;help;queue;drain' {
            break
        }
        'soliplex;help;queue;repair' {
            break
        }
        'soliplex;help;upload' {
            break
        }
        'soliplex;help;ingest' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Take records in over HTTP, store them and hand them to readers')
            break
        }
        'soliplex;help;ingest;serve' {
            break
        }
        'soliplex;help;fingerprint' {
            break
        }
        'soliplex;help;session' {
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Open a session for a script: prints what to `eval`')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'Close the session that the environment names')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List sessions, the one heard of last first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Tell what happened in a session, in order')
            break
        }
        'soliplex;help;session;start' {
            break
        }
        'soliplex;help;session;end' {
            break
        }
        'soliplex;help;session;list' {
            break
        }
        'soliplex;help;session;show' {
            break
        }
        'soliplex;help;metrics' {
            break
        }
        'soliplex;help;telemetry' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the switch, where records go, and whether they could')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Let records be shipped without being asked')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Keep records on this device')
            [CompletionResult]::new('endpoint', 'endpoint', [CompletionResultType]::ParameterValue, 'Set where records go')
            break
        }
        'soliplex;help;telemetry;status' {
            break
        }
        'soliplex;help;telemetry;enable' {
            break
        }
        'soliplex;help;telemetry;disable' {
            break
        }
        'soliplex;help;telemetry;endpoint' {
            break
        }
        'soliplex;help;doctor' {
            break
        }
        'soliplex;help;demo' {
            break
        }
        'soliplex;help;completions' {
            break
        }
        'soliplex;help;man' {
            break
        }
        'soliplex;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
