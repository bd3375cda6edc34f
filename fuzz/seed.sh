#!/bin/sh
# Fills the corpus that the fuzz targets begin with: the project's fixtures, and small files of ../shared/corpus where
# that, or what H5_CORPUS names, is there.
#
#     sh fuzz/seed.sh
set -eu
cd "$(dirname "$0")/.."

seeds=fuzz/corpus/open_and_read_everything
mkdir -p "$seeds"
for folder in fixtures "${H5_CORPUS:-../shared/corpus}"; do
    if [ -d "$folder" ]; then
        # Not all HDF5 files are called .h5; what else is below is text and names itself so.
        find "$folder" -type f -size -20k ! -path '*/expected/*' ! -path '*/ddl/*' \
            ! -name '*.md' ! -name '*.py' ! -name '*.tsv' ! -name '*.txt'
    fi
done | while read -r file; do
    # Two files of one name in different folders are two seeds.
    cp "$file" "$seeds/$(printf %s "$file" | tr / _)"
done
ls "$seeds" | wc -l
