BreadingsJT›á>”>6ÙC>:x?
…`=º~?