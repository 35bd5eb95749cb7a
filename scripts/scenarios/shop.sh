# Sourced before a page that begins with trueup in another project: the folder shop is one, with ten routes.
cp -r "$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tests/trueup/samples/shop" shop
git init -q shop
