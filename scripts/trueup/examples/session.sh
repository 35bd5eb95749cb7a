# Runs the blocks of one page in one shell, so that variables, functions and the folder carry over.
#
# Reads the name of a file with the next block from descriptor $1, sources it, and answers on descriptor $2 with its
# status and the environment, each entry ended by NUL and the whole by an empty entry. A block stops at its first
# failing command, as under `set -e`; the shell itself goes on. `builtin`: a block may define functions of any name.
readonly __trueup_in=$1 __trueup_out=$2
shift 2
# Any free number: the descriptors that are handed in may be any, too.
exec {__trueup_tty}>&1
# Put in by eval, because `{name}<&-` would close for good.
readonly __trueup_closed="$__trueup_tty>&- $__trueup_in<&- $__trueup_out>&-"
while IFS= builtin read -r -u "$__trueup_in" __trueup_block; do
  builtin set -E -o pipefail
  # In a block (sourced, so one deeper than here) the first failure returns to the loop below.
  builtin trap 'case ${#BASH_SOURCE[@]} in 1) ;; *) return ;; esac' ERR
  builtin eval "builtin source \"\$__trueup_block\" </dev/null >&$__trueup_tty 2>&1 $__trueup_closed"
  builtin printf '%s\0' "$?" >&"$__trueup_out"
  builtin trap - ERR
  { /usr/bin/env -0; builtin printf '\0'; } >&"$__trueup_out"
done
