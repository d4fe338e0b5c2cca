// Which hosts are this machine itself.
#pragma once
#include <string_view>

namespace r1 {

bool is_loopback(std::string_view address);  // 127.0.0.0/8 or ::1
// Whether `host` is a loopback address, localhost or a name that ends in .localhost. `host` must be in lower case.
bool is_local_host(std::string_view host);

}  // namespace r1
