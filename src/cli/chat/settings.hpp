// The settings of a chat, which /set shows and changes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/chat.hpp"

namespace r1 {

// Returns how the setting now is: "temperature 0.6". Errors: an unknown name, with the nearest that exists; a value
// that is none or out of range. The settings then stay.
Result<std::string> change_setting(Chat& chat, std::string_view name, std::string_view value);
// "temperature         0.6   0: always the likeliest token", a line for each setting.
std::string settings_table(const Chat& chat);
std::vector<std::string> setting_names();

}  // namespace r1
