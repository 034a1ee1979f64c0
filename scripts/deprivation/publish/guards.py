"""What keeps a finished file from being published, unless it is allowed by name."""

GUARDS = {
    "fewer-rows": "a table has over 1% fewer rows than in the published file",
    "fewer-editions": "an edition of the published file is missing",
    "moved-postcodes": "postcodes of the published file are missing or in other areas",
    "unknown-places": "well-known postcodes are missing or in another country",
    "synthetic": "synthetic data would replace real data",
}
