# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completes the words of damfs in bash. `damfs help --completion bash` prints it.

# TABLES

# _damfs_kind OPTION: sets kind to what its value is completed with; fails for what takes none.
_damfs_kind() {
  local each
  for each in "${options[@]}"; do
    if [[ $each == "$1="* ]]; then
      kind=${each#*=}
      return 0
    fi
  done
  return 1
}

# _damfs_plain WORD: sets plain to what bash would make of a word that is still being typed.
_damfs_plain() {
  case $1 in
    \"*) plain=${1#\"} plain=${plain%\"} ;;
    \'*) plain=${1#\'} plain=${plain%\'} ;;
    # shellcheck disable=SC2162  # read takes the backslashes out as the shell does
    *) IFS= read plain <<<"$1" ;;
  esac
}

# _damfs_reply NAME: offers it, written as the word was begun. What bash parts at : and = stays where it is.
_damfs_reply() {
  local name=$1 kept=
  case $current in
    \"*)
      name=${name//\\/\\\\} name=${name//\"/\\\"} name=${name//\$/\\\$} name=${name//\`/\\\`}
      ;;
    \'*) name=${name//\'/\'\\\'\'} ;;
    *)
      printf -v name %q "$name"
      local breaks=${COMP_WORDBREAKS//[^:=]/}
      if [[ -n $breaks && $typed == *[$breaks]* ]]; then kept=${typed%"${typed##*[$breaks]}"}; fi
      name=$before$name
      if [[ $name == "$kept"* ]]; then name=${name#"$kept"}; fi
      ;;
  esac
  COMPREPLY+=("$name")
}

# _damfs_value KIND: offers what may stand there.
_damfs_value() {
  local name plain=
  _damfs_plain "$current"
  case $1 in
    none | '') ;;
    file) compopt -o bashdefault -o default 2>/dev/null ;;
    folder) compopt -o dirnames 2>/dev/null ;;
    *'|'*)
      local IFS='|'
      for name in $1; do
        if [[ $name == "$plain"* ]]; then _damfs_reply "$name"; fi
      done
      ;;
    *)
      if [[ $1 == items && $plain == [/.~]* ]]; then
        compopt -o bashdefault -o default 2>/dev/null
        return
      fi
      while IFS= read -r name; do
        _damfs_reply "$name"
      done < <("$program" "${library[@]}" complete "$1" -- "$plain" 2>/dev/null)
      if [[ ${#COMPREPLY[@]} -eq 0 && $1 == items ]]; then compopt -o bashdefault -o default 2>/dev/null; fi
      if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:] ]]; then compopt -o nospace 2>/dev/null; fi
      ;;
  esac
}

_damfs() {
  local IFS=$' \t\n' word line=$COMP_LINE i last=-1
  local -a words=() verbs=() options=() places=() library=()
  # bash has parted the words at : and =, where no blank stands between.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((last >= 0)) && [[ -n $COMP_LINE && $line != [[:blank:]]* ]]; then
      words[last]+=$word
    else
      words[++last]=$word
    fi
    line=${line#"${line%%[![:blank:]]*}"}
    line=${line#"$word"}
  done

  COMPREPLY=()
  local program=${words[0]/#\~/$HOME} path='' place=0 kind='' waits='' plain='' only_places='' name
  _damfs_at ''
  for ((i = 1; i < last; i++)); do
    word=${words[i]}
    if [[ -n $waits ]]; then
      if [[ $waits == -L || $waits == --library ]]; then
        _damfs_plain "$word"
        library=(-L "${plain/#\~/$HOME}")
      fi
      waits=''
    elif [[ $word == -- ]]; then
      only_places=yes
    elif [[ $word == -* && -z $only_places ]]; then
      if [[ $word == --library=* ]]; then
        _damfs_plain "${word#*=}"
        library=(-L "${plain/#\~/$HOME}")
      elif _damfs_kind "$word"; then
        waits=$word
      fi
    elif [[ ${#verbs[@]} -gt 0 ]]; then
      path=${path:+$path }$word
      _damfs_at "$path" || return 0
    else
      ((place += 1))
    fi
  done

  local current=${words[last]} before=''
  local typed=$current
  if [[ -n $waits ]]; then
    _damfs_kind "$waits"
    _damfs_value "$kind"
  elif [[ $current == --*=* && -z $only_places ]]; then
    before=${current%%=*}=
    current=${current#*=}
    if _damfs_kind "${before%=}"; then _damfs_value "$kind"; fi
  elif [[ $current == -* && -z $only_places ]]; then
    for name in "${options[@]}"; do
      if [[ ${name%%=*} == "$current"* ]]; then COMPREPLY+=("${name%%=*}"); fi
    done
  elif [[ ${#verbs[@]} -gt 0 ]]; then
    for name in "${verbs[@]}"; do
      if [[ $name == "$current"* ]]; then COMPREPLY+=("$name"); fi
    done
  elif [[ ${#places[@]} -gt 0 ]]; then
    if [[ $place -ge ${#places[@]} && ${places[-1]} == *... ]]; then place=$((${#places[@]} - 1)); fi
    if [[ $place -lt ${#places[@]} ]]; then
      kind=${places[place]#*=}
      _damfs_value "${kind%...}"
    fi
  fi
}

complete -F _damfs damfs
