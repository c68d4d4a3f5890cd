#ifndef FAIRLEAD_ZLIB_SHIMS_H
#define FAIRLEAD_ZLIB_SHIMS_H

#include <zlib.h>

#endif
