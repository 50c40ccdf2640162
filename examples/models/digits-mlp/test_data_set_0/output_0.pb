
BlogitsJ(L´¿’m‘¾‚äT@²p>A·¾³YB¿Soè¿¡'ë¿H¢ò¿µÀ