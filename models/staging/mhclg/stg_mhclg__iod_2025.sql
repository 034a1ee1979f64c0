{{ published_index('England', 2025, 'mhclg', '^LSOA code') }}
