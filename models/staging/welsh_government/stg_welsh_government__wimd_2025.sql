{{ published_index('Wales', 2025, 'welsh_government', '^LSOA code') }}
