# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Completes the words of damfs in fish. `damfs help --completion fish` prints it.

# TABLES

# __damfs_kind OPTION: prints what its value is completed with; fails for what takes none.
function __damfs_kind
  for each in $__damfs_options
    if string match -q -- "$argv[1]=*" $each
      string replace -r -- '^[^=]*=' '' $each
      return 0
    end
  end
  return 1
end

# __damfs_value KIND TYPED BEFORE: prints what may stand there, behind what stands before it in the same word.
function __damfs_value
  set -l kind $argv[1]
  set -l typed "$argv[2]"
  set -l before "$argv[3]"
  switch $kind
    case none ''
      return 1
    case file
      __fish_complete_path "$before$typed"
    case folder
      __fish_complete_directories "$before$typed" ''
    case '*|*'
      string replace -r -- '^' "$before" (string split '|' -- $kind)
    case '*'
      if test $kind = items; and string match -q -r -- '^[/.~]' $typed
        __fish_complete_path $typed
        return
      end
      set -l names ($__damfs_program $__damfs_library complete $kind -- $typed 2>/dev/null)
      for name in $names
        printf '%s\n' "$before$name"
      end
      if test $kind = items; and test (count $names) -eq 0
        __fish_complete_path $typed
      end
  end
end

# __damfs_offer TYPED LIST HELPS: prints words that begin so, each with what it is for.
function __damfs_offer
  set -l helps $$argv[3]
  set -l number 0
  for each in $$argv[2]
    set number (math $number + 1)
    set -l name (string replace -r -- '=.*$' '' $each)
    if string match -q -- "$argv[1]*" $name
      printf '%s\t%s\n' $name $helps[$number]
    end
  end
end

function __damfs_complete
  set -l typed (commandline -ct)
  set -l waits ''
  set -l line
  set -l place 1
  set -l only_places ''
  set -l words (commandline -opc)
  set -g __damfs_library
  set -g __damfs_program (string replace -r -- '^~' $HOME $words[1])
  __damfs_at ''
  for word in $words[2..-1]
    if test -n "$waits"
      if contains -- $waits -L --library
        set -g __damfs_library -L (string replace -r -- '^~' $HOME $word)
      end
      set waits ''
    else if test "$word" = --
      set only_places yes
    else if string match -q -- '-*' "$word"; and test -z "$only_places"
      if string match -q -- '--library=*' $word
        set -g __damfs_library -L (string replace -r -- '^--library=~?' '' $word)
      else if __damfs_kind $word >/dev/null
        set waits $word
      end
    else if test (count $__damfs_verbs) -gt 0
      set -a line $word
      __damfs_at "$line"; or return 1
    else
      set place (math $place + 1)
    end
  end

  # As it would be without its quotes; what cannot be is not complete yet.
  set -l plain (string unescape -- $typed 2>/dev/null; or string replace -r -- '^["\']' '' $typed)
  if test -n "$waits"
    __damfs_value (__damfs_kind $waits) "$plain" ''
  else if string match -q -- '--*=*' "$plain"; and test -z "$only_places"
    set -l option (string replace -r -- '=.*$' '' $plain)
    set -l kind (__damfs_kind $option); or return 1
    __damfs_value $kind (string replace -r -- '^[^=]*=' '' $plain) "$option="
  else if string match -q -- '-*' "$plain"; and test -z "$only_places"
    __damfs_offer "$plain" __damfs_options __damfs_option_helps
  else if test (count $__damfs_verbs) -gt 0
    __damfs_offer "$plain" __damfs_verbs __damfs_verb_helps
  else if test (count $__damfs_places) -gt 0
    if test $place -gt (count $__damfs_places); and string match -q -- '*...' $__damfs_places[-1]
      set place (count $__damfs_places)
    end
    test $place -le (count $__damfs_places); or return 1
    __damfs_value (string replace -r -- '^.*=(.*?)(\.\.\.)?$' '$1' $__damfs_places[$place]) "$plain" ''
  end
end

complete -c damfs -f -a '(__damfs_complete)'
