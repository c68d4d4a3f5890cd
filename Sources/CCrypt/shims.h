#ifndef FAIRLEAD_CRYPT_SHIMS_H
#define FAIRLEAD_CRYPT_SHIMS_H

#include <crypt.h>

#endif
