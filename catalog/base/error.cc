// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/error.h"

#include <cerrno>
#include <new>
#include <system_error>

namespace damfs {

void throw_errno(int code, const std::string& doing) {
  throw Error(code, doing + ": " + std::generic_category().message(code));
}

int errno_of_current_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return error.code();
  } catch (const std::system_error& error) {
    return error.code().value() != 0 ? error.code().value() : EIO;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (...) {
    return EIO;
  }
}

}  // namespace damfs
