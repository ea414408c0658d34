complete --keep-order --exclusive --command soliplex --arguments "(SOLIPLEX_COMPLETE=fish soliplex -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
