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
complete -c soliplex -n "__fish_soliplex_needs_command" -l queue -d 'Use the queue in this folder' -r -F
complete -c soliplex -n "__fish_soliplex_needs_command" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_needs_command" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_needs_command" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soliplex -n "__fish_soliplex_needs_command" -s V -l version -d 'Print version'
complete -c soliplex -n "__fish_soliplex_needs_command" -f -a "emit" -d 'Write records into the queue, sanitized'
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
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand emit" -l queue -d 'Use the queue in this folder' -r -F
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
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l queue -d 'Use the queue in this folder' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand completions" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l config -d 'Read settings from this file' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l state-dir -d 'Keep the install id and the default queue here' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l queue -d 'Use the queue in this folder' -r -F
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -l color -d 'When to colour (NO_COLOR is honoured)' -r -f -a "auto\t''
always\t''
never\t''"
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -s q -l quiet -d 'Say only what went wrong'
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c soliplex -n "__fish_soliplex_using_subcommand man" -s h -l help -d 'Print help'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit completions man help" -f -a "emit" -d 'Write records into the queue, sanitized'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit completions man help" -f -a "completions" -d 'Print the completions for a shell'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit completions man help" -f -a "man" -d 'Write the manual pages into a folder'
complete -c soliplex -n "__fish_soliplex_using_subcommand help; and not __fish_seen_subcommand_from emit completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
