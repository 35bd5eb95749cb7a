# Sourced before a page whose commands run in a checkout: copies of what they read, so that they cannot change it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p docs/developer/job-system
cp -r "$root/docs/samples" docs/
cp -r "$root/docs/developer/job-system/examples" docs/developer/job-system/
unset root
