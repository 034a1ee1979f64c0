# Sourced by build and test: makes .venv from a lock, once, and changes to nothing else.
# Usage: make_environment requirements.lock [FOLDER instead of .venv]

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# The new environment is made beside the old one and takes its place when it is whole: what runs in
# the old one goes on, and a download that fails leaves it as it was.
make_environment() {
    local lock="$project/$1" venv="$project/${2:-.venv}" made wanted
    wanted="$(cat "$lock" "$project/pyproject.toml" | cksum) $project"
    # The development lock holds all of the other one, so it serves a build as well.
    if grep -qsxF "$1 $wanted" "$venv/made-from"; then
        return
    fi
    if [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ]; then
        echo "$venv is there and no Python environment; move it away" >&2
        return 1
    fi
    echo "Setting up $venv from $1" >&2
    made="$(mktemp -d "$project/.venv.XXXXXX")"
    # Its name now: the variable is gone when the trap runs.
    trap "rm -rf $(printf %q "$made")" EXIT
    if command -v uv >/dev/null; then
        uv venv --quiet --clear --relocatable --python '>=3.10' "$made"
        VIRTUAL_ENV="$made" uv pip install --quiet --require-hashes -r "$lock"
        VIRTUAL_ENV="$made" uv pip install --quiet --no-deps --no-build-isolation -e "$project"
    else
        python3 -m venv --clear "$made"
        "$made/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
        "$made/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
            --no-build-isolation -e "$project"
    fi
    # Programs name their environment in their first line: it is the one that this will be. With uv
    # none may name it, which ends grep with 1.
    { grep -rlIF "$made" "$made/bin" "$made/pyvenv.cfg" || true; } | while IFS= read -r file; do
        sed -i.was "s|$made|$venv|g" "$file" && rm -f "$file.was"
    done
    # So that plain `dbt build` finds the project from any directory once the environment is active.
    {
        printf '\nexport DBT_PROJECT_DIR="${DBT_PROJECT_DIR:-%s}"\n' "$project"
        printf 'export DBT_PROFILES_DIR="${DBT_PROFILES_DIR:-%s}"\n' "$project"
    } >>"$made/bin/activate"
    case "$1" in
        requirements-dev.lock) make_note "$made" requirements-dev.lock requirements.lock ;;
        *) make_note "$made" "$1" ;;
    esac
    chmod 755 "$made"
    if [ -e "$venv" ]; then
        rm -rf "$venv.before"
        mv "$venv" "$venv.before"
    fi
    mv "$made" "$venv"
    trap - EXIT
}

make_note() {
    local made="$1" lock
    shift
    for lock in "$@"; do
        echo "$lock $(cat "$project/$lock" "$project/pyproject.toml" | cksum) $project" >>"$made/made-from"
    done
}

# Makes .venv-spark, with dbt-spark and pyspark, once; prints its folder. Java must be there, but for a server's.
make_spark_environment() {
    local lock="$project/requirements-spark.lock" venv="$project/.venv-spark"
    if [ "${DEPRIVATION_SPARK_METHOD:-session}" = session ] && ! command -v java >/dev/null; then
        echo "Spark needs Java 17 or later: apt-get install default-jre-headless" >&2
        return 1
    fi
    if ! cksum <"$lock" | cmp -s - "$venv/made-from"; then
        echo "Setting up $venv from requirements-spark.lock" >&2
        python3 -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
        cksum <"$lock" >"$venv/made-from"
    fi
    echo "$venv"
}
