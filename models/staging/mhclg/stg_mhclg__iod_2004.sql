{{ published_index('England', 2004, 'mhclg', '^lsoa01_code$') }}
