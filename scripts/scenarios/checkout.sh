# Sourced before a page whose commands run in a checkout: its commands, and copies of the files that they read.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ln -s "$root/.venv" .venv
mkdir -p docs/developer/job-system
cp -r "$root/docs/samples" docs/
cp -r "$root/docs/developer/job-system/examples" docs/developer/job-system/
unset root
