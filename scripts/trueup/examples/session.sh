# Runs the blocks of one page in one shell, so that variables, functions and the folder carry over.
#
# Reads the name of a file with the next block from descriptor $1, sources it, and answers on descriptor $2 with its
# status and the environment, each entry ended by NUL and the whole by an empty entry. A block stops at its first
# failing command, as under `set -e`; the shell itself goes on. `builtin`: a block may define functions of any name.
readonly __trueup_in=$1 __trueup_out=$2
shift 2
exec 9>&1
while IFS= builtin read -r -u "$__trueup_in" __trueup_block; do
  builtin set -E -o pipefail
  # In a block (sourced, so one deeper than here) the first failure returns to the loop below.
  builtin trap 'case ${#BASH_SOURCE[@]} in 1) ;; *) return ;; esac' ERR
  # The numbers are put in by eval, because `{name}<&-` would close for good.
  builtin eval "builtin source \"\$__trueup_block\" </dev/null >&9 2>&1 9>&- $__trueup_in<&- $__trueup_out>&-"
  builtin printf '%s\0' "$?" >&"$__trueup_out"
  builtin trap - ERR
  { /usr/bin/env -0; builtin printf '\0'; } >&"$__trueup_out"
done
