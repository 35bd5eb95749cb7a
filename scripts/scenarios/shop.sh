# Sourced before a page that begins with trueup in another project: the folder shop is one, with ten routes.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cp -r "$root/tests/trueup/samples/shop" shop
unset root
git init -q shop
