// Which hosts are this machine itself.
#pragma once
#include <string_view>

namespace r1 {

bool is_loopback(std::string_view address);  // 127.0.0.0/8 or ::1
// The same, or localhost or a name that ends in .localhost. In lower case.
bool is_local_host(std::string_view host);

}  // namespace r1
