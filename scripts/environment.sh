# Sourced by build and test: makes .venv from a lock, once, and changes to nothing else.
# Usage: make_environment requirements.lock

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

make_environment() {
    local lock="$project/$1" venv="$project/.venv" wanted
    wanted="$(cat "$lock" "$project/pyproject.toml" | cksum) $project"
    # The development lock holds all of the other one, so it serves a build as well.
    if grep -qsxF "$1 $wanted" "$venv/made-from"; then
        return
    fi
    echo "Setting up $venv from $1" >&2
    rm -f "$venv/made-from"
    if command -v uv >/dev/null; then
        uv venv --quiet --clear --python '>=3.10' "$venv"
        VIRTUAL_ENV="$venv" uv pip install --quiet --require-hashes -r "$lock"
        VIRTUAL_ENV="$venv" uv pip install --quiet --no-deps --no-build-isolation -e "$project"
    else
        python3 -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
            --no-build-isolation -e "$project"
    fi
    # So that plain `dbt build` finds the project from any directory once the environment is active.
    {
        printf '\nexport DBT_PROJECT_DIR="${DBT_PROJECT_DIR:-%s}"\n' "$project"
        printf 'export DBT_PROFILES_DIR="${DBT_PROFILES_DIR:-%s}"\n' "$project"
    } >>"$venv/bin/activate"
    case "$1" in
        requirements-dev.lock) make_note requirements-dev.lock; make_note requirements.lock ;;
        *) make_note "$1" ;;
    esac
}

make_note() {
    echo "$1 $(cat "$project/$1" "$project/pyproject.toml" | cksum) $project" >>"$project/.venv/made-from"
}
