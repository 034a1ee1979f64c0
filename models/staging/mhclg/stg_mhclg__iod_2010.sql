{{ published_index('England', 2010, 'mhclg', '^lsoa01_code$') }}
