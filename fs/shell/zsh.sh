#compdef damfs
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Completes the words of damfs in zsh. `damfs help --completion zsh` prints it.

# TABLES

# _damfs_kind OPTION: sets kind to what its value is completed with; fails for what takes none.
_damfs_kind() {
  local each
  for each in $options; do
    if [[ $each == "$1="* ]]; then
      kind=${each#*=}
      return 0
    fi
  done
  return 1
}

# _damfs_value KIND: offers what may stand there.
_damfs_value() {
  local -a names with_more
  case $1 in
    none | '') return 1 ;;
    file) _files ;;
    folder) _files -/ ;;
    *'|'*) compadd -- ${(s:|:)1} ;;
    *)
      local typed=${(Q)PREFIX}
      if [[ $1 == items && $typed == [/.~]* ]]; then
        _files
        return
      fi
      names=("${(@f)$($program $library complete $1 -- $typed 2>/dev/null)}")
      names=(${names:#})
      with_more=(${(M)names:#*[/:]})
      names=(${names:#*[/:]})
      # A word of a query can gain quotes in its middle, so that it no longer begins as it was typed.
      local -a how=(-M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}')
      if [[ $1 == words && ${#names} -eq 1 ]]; then how=(-U); fi
      compadd $how -a names
      compadd $how -S '' -a with_more
      if [[ $1 == items && ${#names} -eq 0 && ${#with_more} -eq 0 ]]; then _files; fi
      ;;
  esac
}

# _damfs_offer TAG LIST HELPS: words, each with what it is for.
_damfs_offer() {
  local -a described
  local i
  for ((i = 1; i <= ${(P)#2}; i++)); do
    described+=("${${${(P)2}[i]%%=*}//:/\\:}:${${(P)3}[i]}")
  done
  _describe -t $1 $1 described
}

_damfs() {
  setopt localoptions noksharrays
  local -a verbs verb_helps options option_helps places library
  local program=${~words[1]} line='' place=1 kind='' waits='' only_places='' word i
  _damfs_at ''
  for ((i = 2; i < CURRENT; i++)); do
    word=${(Q)words[i]}
    if [[ -n $waits ]]; then
      if [[ $waits == (-L|--library) ]]; then library=(-L ${word/#\~/$HOME}); fi
      waits=''
    elif [[ $word == -- ]]; then
      only_places=yes
    elif [[ $word == -* && -z $only_places ]]; then
      if [[ $word == --library=* ]]; then
        library=(-L ${${word#*=}/#\~/$HOME})
      elif _damfs_kind $word; then
        waits=$word
      fi
    elif ((${#verbs})); then
      line=${line:+$line }$word
      _damfs_at $line || return 1
    else
      ((place += 1))
    fi
  done

  if [[ -n $waits ]]; then
    _damfs_kind $waits
    _damfs_value $kind
  elif [[ $PREFIX == --*=* && -z $only_places ]]; then
    _damfs_kind ${PREFIX%%=*} || return 1
    compset -P '*='
    _damfs_value $kind
  elif [[ $PREFIX == -* && -z $only_places ]]; then
    _damfs_offer option options option_helps
  elif ((${#verbs})); then
    _damfs_offer verb verbs verb_helps
  elif ((${#places})); then
    if ((place > ${#places})) && [[ $places[-1] == *... ]]; then place=${#places}; fi
    ((place <= ${#places})) || return 1
    kind=${places[place]#*=}
    _damfs_value ${kind%...}
  fi
}

_damfs "$@"
