# cmake -DPROGRAM=damfs -DSHARE=FOLDER -P pages.cmake: its man pages and completions, as they stand below share/.
function(told file)
  execute_process(COMMAND ${PROGRAM} help ${ARGN} OUTPUT_FILE ${SHARE}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${SHARE})
file(MAKE_DIRECTORY ${SHARE}/man/man1 ${SHARE}/bash-completion/completions ${SHARE}/zsh/site-functions
  ${SHARE}/fish/vendor_completions.d)
told(man/man1/damfs.1 --man)
execute_process(COMMAND ${PROGRAM} help --verbs OUTPUT_VARIABLE verbs COMMAND_ERROR_IS_FATAL ANY)
string(STRIP "${verbs}" verbs)
string(REPLACE "\n" ";" verbs "${verbs}")
foreach(verb IN LISTS verbs)
  told(man/man1/damfs-${verb}.1 --man ${verb})
endforeach()
told(bash-completion/completions/damfs --completion bash)
told(zsh/site-functions/_damfs --completion zsh)
told(fish/vendor_completions.d/damfs.fish --completion fish)
file(TOUCH ${SHARE}/made)
