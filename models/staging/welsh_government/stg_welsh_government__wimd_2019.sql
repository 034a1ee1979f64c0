{{ published_index('Wales', 2019, 'welsh_government', '^LSOA Code') }}
