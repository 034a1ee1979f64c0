{{ published_index('England', 2015, 'mhclg', '^LSOA code') }}
