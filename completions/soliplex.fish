# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_soliplex_global_optspecs
    string join \n config= state-dir= queue= color= q/quiet v/verbose h/help V/version
end

function __fish_soliplex_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_soliplex_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_soliplex_using_subcommand
    set -l cmd (__fish_soliplex_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c soliplex -n "__fish_soliplex_needs_command" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_needs_command" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_needs_command" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_needs_command" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_needs_command" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_needs_command" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_needs_command" -s V -l version -d 'Print version'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "emit" -d 'Write records into the queue, sanitized'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "run" -d 'Run a program and record it'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "tail" -d 'Follow records live, through rotation and reconnects'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "sanitize" -d 'Redact a stream: stdin to stdout, JSONL and plain text'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "queue" -d 'Look at a queue, drain it, repair it'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "upload" -d 'Ship a queue to a server, replay fixtures, send dead letters again'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "ingest" -d 'The backend endpoint, with an embedded store'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "fingerprint" -d 'Group errors: Top 5, exemplar, first and last seen, sessions hit'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "session" -d 'Open a session for a script, list sessions, tell one as a story'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "metrics" -d 'Sum up measurements: count, percentiles, a small histogram'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "telemetry" -d 'The switch for shipping without being asked, off by default'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "doctor" -d 'Look for what may keep an upload from working'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "demo" -d 'Show the whole pipeline on this machine in one go, step by step'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "man" -d 'Write the manual pages into a folder'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l level -d 'How serious it is (with --jsonl: for records that do not say)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l logger -d 'The name of the logger (with --jsonl: for records that do not say)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l attr -d 'An attribute; a number, true, false, or JSON keeps its type (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l error -d 'The error as text, its type first' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l stack-trace -d 'The stack trace, or @FILE with it' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l session -d 'The session [default: a new one]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l user -d 'The signed-in user' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l trace-id -d 'The trace, 32 hex digits' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l span-id -d 'The span, 16 hex digits' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l screenshot -d 'A screenshot that goes with the record, as PNG' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l screenshot-size -d 'How large the screenshot is kept: full, or 480p' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l screenshot-mask -d 'An area of the screenshot to black out, in its pixels (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l stdin -d 'Write one record for each line of stdin'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l jsonl -d 'Write the records on stdin, one JSON object a line'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l sync -d 'Have the records on the disk, not just in the system\'s cache, before returning'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l print -d 'Print each record as it was queued'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l logger -d 'The name of the logger [default: the program\'s name]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l parse -d 'How to read lines: by their look, as JSON, or as text' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l ready -d 'The line that says that the program is ready, which ends its cold start [default: the first line]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l app-version -d 'The program\'s version, for the first record' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l build-number -d 'The number of the program\'s build, for the first record' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l screenshot-command -d 'A shell command that prints a PNG, such as `grim -`: run on an error, at most every 10 s' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l screenshot-size -d 'How large the screenshot is kept: full, or 480p' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l screenshot-mask -d 'An area of the screenshot to black out, in its pixels (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l endpoint -d 'Where to post to; without a path, /api/v1/logs is added' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l token-file -d 'The file with the token; read again when it changes' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l user -d 'The signed-in user' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -l upload -d 'Ship the records while the program runs, if telemetry is on'
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -s n -l lines -d 'Show this many of the records that are there [default: 10, or all with --no-follow]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l context -d 'Show this many records around each that matches (without a filter: around each error)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l until-match -d 'End with success as soon as a record\'s message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l timeout -d 'Give up after this long; the exit code is then 8' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l output -d 'How to print' -r -f -a "pretty\t'For a person\'s eye'
json\t'One JSON object a line'
logfmt\t'key=value pairs'"
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l session -d 'Only records of this session (a prefix of its id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l install -d 'Only records of this installation (a prefix of its id, or the device\'s alias)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l user -d 'Only records of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l level -d 'Only records at least this serious' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l logger -d 'Only records of these loggers (`*` and `?` as in file names; case is ignored)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l grep -d 'Only records whose message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l attr -d 'Only records with this attribute (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l since -d 'Only records from this instant on: RFC 3339, or a duration ago such as 10m' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l until -d 'Only records up to this instant' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l no-follow -d 'End when everything that is there was shown'
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -l utc -d 'Show times in UTC, not in local time'
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l key -d 'Redact the values of this key too (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l pattern -d 'Redact what this regular expression matches too (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l rules -d 'Read rules from this TOML file, instead of the one the configuration names' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l disable -d 'Turn a rule off; --list names them (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l allow -d 'Keep this value wherever it stands (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l replacement -d 'Write this in place of what is redacted' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l pseudonymize -d 'Write a token that is the same for the same value: `[email:7f3a9c]`; the key in this file makes the tokens, and nobody can reverse them without it' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l paths -d 'What to do with absolute paths in stack traces [default: relative]' -r -f -a "keep\t'Leave them'
relative\t'Trim the folders above the project'"
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l typed -d 'Say what was redacted: `[REDACTED:email]`'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l check -d 'Write no line, only where something was found, and exit with 3 if anything was'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l explain -d 'Say on stderr which rule hit what, masked'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l stats -d 'Say on stderr how often each rule hit'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -l list -d 'Print the rules and exit'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand sanitize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -f -a "inspect" -d 'Say what is in a queue and what is wrong with it; never writes'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -f -a "drain" -d 'Print records as JSONL, and confirm them once they are written'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -f -a "repair" -d 'Salvage all that can be read into a clean queue'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and not __fish_seen_subcommand_from inspect drain repair help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l format -d 'How to print' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l session -d 'Only records of this session (a prefix of its id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l install -d 'Only records of this installation (a prefix of its id, or the device\'s alias)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l user -d 'Only records of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l level -d 'Only records at least this serious' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l logger -d 'Only records of these loggers (`*` and `?` as in file names; case is ignored)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l grep -d 'Only records whose message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l attr -d 'Only records with this attribute (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l since -d 'Only records from this instant on: RFC 3339, or a duration ago such as 10m' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l until -d 'Only records up to this instant' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l verify -d 'Read every byte, and exit with 4 if anything is damaged'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l records -d 'Print the pending records instead'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -s n -l records -d 'At most this many records' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l session -d 'Only records of this session (a prefix of its id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l install -d 'Only records of this installation (a prefix of its id, or the device\'s alias)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l user -d 'Only records of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l level -d 'Only records at least this serious' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l logger -d 'Only records of these loggers (`*` and `?` as in file names; case is ignored)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l grep -d 'Only records whose message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l attr -d 'Only records with this attribute (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l since -d 'Only records from this instant on: RFC 3339, or a duration ago such as 10m' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l until -d 'Only records up to this instant' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -l dry-run -d 'Print, but confirm nothing'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from drain" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -l out -d 'The folder for the new queue: a new or an empty one' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -l format -d 'How to print what was done' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Say what is in a queue and what is wrong with it; never writes'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "drain" -d 'Print records as JSONL, and confirm them once they are written'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "repair" -d 'Salvage all that can be read into a clean queue'
complete -c soliplex -n "__fish_soliplex_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l endpoint -d 'Where to post to; without a path, /api/v1/logs is added' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l token-file -d 'The file with the token; read again when it changes' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l token-env -d 'The environment variable with the token' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l batch-size -d 'The most records in a request' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l max-batch-bytes -d 'The most bytes in a request' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l timeout -d 'How long a request may take, to the end of its answer' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l wire -d 'The spelling of keys; auto starts with camel and changes if the server asks for it' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l attempts -d 'How many requests in a row may fail before giving up (with --follow: never)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l flush-interval -d 'How often to ship with --follow' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l receipt -d 'Write an account of the upload to this file, as JSON' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l restamp -d 'What becomes of timestamps: they stay, are the instant of sending, or are moved to end now' -r -f -a "keep\t'They stay'
now\t'They are the instant of sending'
shift\t'They move together: the last to now, or the first if they are replayed at a speed'"
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l speed -d 'How fast to replay: max, original, or a factor such as 10x' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l expect -d 'Exit with 5 unless the server took in exactly so many new records' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l export -d 'Copy the dead letters to this file; send nothing' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l format -d 'How to print the result' -r -f -a "table\t'For people'
json\t'One JSON object'"
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l bury-all -d 'Set refused records aside as dead letters even if the server has taken none; otherwise it stops after the first 200 of them'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l follow -d 'Keep shipping: at intervals, at once on an error or fatal record, and once more at the end'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l metrics -d 'Queue the time of each request as a record with the attributes metric and ms'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l dry-run -d 'Show the batches, and what the deployed backend would reject; send nothing'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l replay -d 'Send the records of SOURCES and leave these untouched'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l new-session -d 'Give each replayed session, and each of its records, a new id'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l allow-production -d 'Replay to a host that the configuration marks as production'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -l dead-letter -d 'Send the dead letters again; those that go through leave the file'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand upload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -f -a "serve" -d 'Take records in over HTTP, store them and hand them to readers'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and not __fish_seen_subcommand_from serve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l listen -d 'Where to listen: ADDR:PORT (port 0 takes a free one) or unix:PATH (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l store -d 'The store: one file, or a cluster of NATS with JetStream for a fleet of servers [default: ingest.db in the state folder]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l replicas -d 'Keep each batch on this many of NATS\' servers [default: 3 if as many hosts are named, else 1]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l nats-credentials -d 'Sign in to NATS with this file: .creds, or a line of USER:PASSWORD, or a token' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l nats-ca -d 'Speak TLS with NATS, and trust the authority in this PEM file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l retention -d 'Keep records for this long [default: for good]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l max-store -d 'Keep this much at the most, the oldest go first [default: no limit]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l jwt-secret-file -d 'Trust device tokens signed with the HS256 secret in this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l jwt-public-key -d 'Trust device tokens signed for this public key, in PEM (RSA, EC or Ed25519; may be repeated)' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l jwks-url -d 'Trust device tokens signed for a key of the set at this URL' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l jwks-file -d 'Trust device tokens signed for a key of the set in this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l issuer -d 'The `iss` that device tokens must have' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l audience -d 'The `aud` that device tokens must have' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l leeway -d 'How far clocks may be apart when a token\'s times are checked, at most 60s' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l operator-token-file -d 'Let readers in with one of the tokens in this file, one a line' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l operator-claim -d 'Let readers in with a device token that has this claim, such as scope=soliplex:read' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l cors-origin -d 'Let web pages of this origin call the server (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l max-body -d 'The largest body, after decoding' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l max-connections -d 'How many connections may be open' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l rate-user -d 'How many records a user may send: N a second, or N/m, N/h; 0 is no limit' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l rate-session -d 'How many records a session may send' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l rate-address -d 'How many records may come from one address (for IPv6: from one /64)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l otlp-endpoint -d 'Forward records over OTLP to this collector; /v1/logs is added' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l otlp-header -d 'A header for the collector; a value of @FILE is read from there (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l forward -d 'Answer once records are stored, or only once they were forwarded' -r -f -a "async\t'Once its records are stored'
sync\t'Once they were forwarded'"
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l logging-config -d 'Tell apps the log levels in this TOML or JSON file, which is watched' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l alert-webhook -d 'Call this URL when an error comes up often; @FILE reads it from there' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l alert-threshold -d 'How often that is' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l alert-window -d 'Within what time' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l tls-cert -d 'Speak TLS with the certificate chain in this PEM file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l tls-key -d 'The private key of the certificate, in PEM' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l access-log -d 'Write each request that was answered, as JSON, to this file (`-` is stderr)' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -l no-auth -d 'Trust everyone; only on loopback, unless --listen says otherwise'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Take records in over HTTP, store them and hand them to readers'
complete -c soliplex -n "__fish_soliplex_using_subcommand ingest; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l top -d 'Show this many groups, the most frequent first' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l window -d 'Only errors of the last so much time' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l baseline -d 'Show only the groups that are not in this file; the exit code is 3 if there is one' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l write-baseline -d 'Write all groups, and those of --baseline, into this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l format -d 'How to print' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l session -d 'Only records of this session (a prefix of its id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l install -d 'Only records of this installation (a prefix of its id, or the device\'s alias)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l user -d 'Only records of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l level -d 'Only records at least this serious' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l logger -d 'Only records of these loggers (`*` and `?` as in file names; case is ignored)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l grep -d 'Only records whose message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l attr -d 'Only records with this attribute (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l since -d 'Only records from this instant on: RFC 3339, or a duration ago such as 10m' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l until -d 'Only records up to this instant' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l explain -d 'Show the type and the frames that were hashed'
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -l annotate -d 'Print every record as JSONL with `fingerprint` added to errors'
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand fingerprint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -f -a "start" -d 'Open a session for a script: prints what to `eval`'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -f -a "end" -d 'Close the session that the environment names'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -f -a "list" -d 'List sessions, the one heard of last first'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -f -a "show" -d 'Tell what happened in a session, in order'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and not __fish_seen_subcommand_from start end list show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l app -d 'What the script is called' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l app-version -l version -d 'Its version' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l build-number -d 'The number of its build' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l user -d 'The signed-in user' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l session -d 'The session' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l status -d 'What the script ends with; anything but 0 is recorded as fatal' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l user -d 'The signed-in user' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -s n -l lines -d 'List at most this many' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l format -d 'How to print' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l session -d 'Only records of this session (a prefix of its id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l install -d 'Only records of this installation (a prefix of its id, or the device\'s alias)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l user -d 'Only records of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l level -d 'Only records at least this serious' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l logger -d 'Only records of these loggers (`*` and `?` as in file names; case is ignored)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l grep -d 'Only records whose message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l attr -d 'Only records with this attribute (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l since -d 'Only records from this instant on: RFC 3339, or a duration ago such as 10m' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l until -d 'Only records up to this instant' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l user -d 'The session of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l at -d 'The session that was going on at this instant: RFC 3339, or a duration ago' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l around -d 'How far from that instant to look' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l html -d 'Write the story into this file, as a page to attach to a ticket' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l format -d 'How to print' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -l utc -d 'Show times in UTC, not in local time'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "start" -d 'Open a session for a script: prints what to `eval`'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "end" -d 'Close the session that the environment names'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "list" -d 'List sessions, the one heard of last first'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "show" -d 'Tell what happened in a session, in order'
complete -c soliplex -n "__fish_soliplex_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l metric -d 'Only this metric (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l by -d 'One row for each session, installation or logger' -r -f -a "session\t'A row for each session'
install\t'A row for each installation'
logger\t'A row for each logger'"
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l format -d 'How to print' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l session -d 'Only records of this session (a prefix of its id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l install -d 'Only records of this installation (a prefix of its id, or the device\'s alias)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l user -d 'Only records of this user (a prefix of the id)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l level -d 'Only records at least this serious' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l logger -d 'Only records of these loggers (`*` and `?` as in file names; case is ignored)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l grep -d 'Only records whose message, error or stack trace matches' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l attr -d 'Only records with this attribute (may be repeated)' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l since -d 'Only records from this instant on: RFC 3339, or a duration ago such as 10m' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l until -d 'Only records up to this instant' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -f -a "status" -d 'Show the switch, where records go, and whether they could'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -f -a "enable" -d 'Let records be shipped without being asked'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -f -a "disable" -d 'Keep records on this device'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -f -a "endpoint" -d 'Set where records go'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and not __fish_seen_subcommand_from status enable disable endpoint help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -l format -d 'How to print' -r -f -a "table\t'For people'
json\t'One JSON value'
jsonl\t'One JSON value a line'"
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -l offline -d 'Do not try the connection'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from endpoint" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show the switch, where records go, and whether they could'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Let records be shipped without being asked'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Keep records on this device'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from help" -f -a "endpoint" -d 'Set where records go'
complete -c soliplex -n "__fish_soliplex_using_subcommand telemetry; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l endpoint -d 'The endpoint to try [default: the configured one]' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l token-file -d 'The file with the token' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l token-env -d 'The environment variable with the token' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l timeout -d 'How long to wait for the server' -r
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l format -d 'How to print the findings' -r -f -a "table\t'For people'
json\t'One JSON object'"
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand demo" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l queue -d 'Use the queue in this folder, or memory: for one that ends with the process' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "emit" -d 'Write records into the queue, sanitized'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "run" -d 'Run a program and record it'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "tail" -d 'Follow records live, through rotation and reconnects'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "sanitize" -d 'Redact a stream: stdin to stdout, JSONL and plain text'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "queue" -d 'Look at a queue, drain it, repair it'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "upload" -d 'Ship a queue to a server, replay fixtures, send dead letters again'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "ingest" -d 'The backend endpoint, with an embedded store'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "fingerprint" -d 'Group errors: Top 5, exemplar, first and last seen, sessions hit'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "session" -d 'Open a session for a script, list sessions, tell one as a story'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "metrics" -d 'Sum up measurements: count, percentiles, a small histogram'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "telemetry" -d 'The switch for shipping without being asked, off by default'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "doctor" -d 'Look for what may keep an upload from working'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "demo" -d 'Show the whole pipeline on this machine in one go, step by step'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "completions" -d 'Print the completions for a shell'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "man" -d 'Write the manual pages into a folder'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit run tail sanitize queue upload ingest fingerprint session metrics telemetry doctor demo completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "inspect" -d 'Say what is in a queue and what is wrong with it; never writes'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "drain" -d 'Print records as JSONL, and confirm them once they are written'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "repair" -d 'Salvage all that can be read into a clean queue'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from ingest" -f -a "serve" -d 'Take records in over HTTP, store them and hand them to readers'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "start" -d 'Open a session for a script: prints what to `eval`'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "end" -d 'Close the session that the environment names'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "list" -d 'List sessions, the one heard of last first'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "show" -d 'Tell what happened in a session, in order'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from telemetry" -f -a "status" -d 'Show the switch, where records go, and whether they could'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from telemetry" -f -a "enable" -d 'Let records be shipped without being asked'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from telemetry" -f -a "disable" -d 'Keep records on this device'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and __fish_seen_subcommand_from telemetry" -f -a "endpoint" -d 'Set where records go'
