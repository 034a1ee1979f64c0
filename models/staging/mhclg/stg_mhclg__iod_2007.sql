{{ published_index('England', 2007, 'mhclg', '^lsoa01_code$') }}
