#include "shim_support.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <ATen/core/stack.h>

namespace {

// An operator and, for each of its arguments, whether whole numbers must become real ones.
struct Operator {
    c10::OperatorHandle handle;
    std::vector<bool> real;

    explicit Operator(c10::OperatorHandle found) : handle(std::move(found)) {
        for (const auto& expected : handle.schema().arguments()) {
            c10::TypePtr type = expected.type();
            if (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
            real.push_back(type->kind() == c10::TypeKind::FloatType);
        }
    }
};

c10::IValue argument(const shim_value& value, bool real) {
    switch (value.tag) {
        case SHIM_NONE: return {};
        case SHIM_TENSOR: return shim::tensor(value.pointer);
        case SHIM_INT: return real ? c10::IValue(static_cast<double>(value.integer)) : c10::IValue(value.integer);
        case SHIM_DOUBLE: return value.real;
        case SHIM_BOOL: return value.integer != 0;
        case SHIM_INTS: {
            auto numbers = static_cast<const int64_t*>(value.pointer);
            return c10::IValue(std::vector<int64_t>(numbers, numbers + value.count));
        }
        case SHIM_TENSORS: {
            auto handles = static_cast<void**>(value.pointer);
            std::vector<at::Tensor> tensors;
            tensors.reserve(value.count);
            for (int i = 0; i < value.count; i++) tensors.push_back(shim::tensor(handles[i]));
            return c10::IValue(std::move(tensors));
        }
        case SHIM_OPTIONALS: {
            auto handles = static_cast<void**>(value.pointer);
            c10::List<shim::optional<at::Tensor>> tensors;
            tensors.reserve(value.count);
            for (int i = 0; i < value.count; i++)
                tensors.push_back(handles[i] ? shim::optional<at::Tensor>(shim::tensor(handles[i])) : shim::optional<at::Tensor>());
            return c10::IValue(std::move(tensors));
        }
        case SHIM_DEVICE:
            return c10::IValue(c10::Device(static_cast<c10::DeviceType>(value.integer), static_cast<c10::DeviceIndex>(value.count)));
        case SHIM_GENERATOR: return c10::IValue(*static_cast<at::Generator*>(value.pointer));
        case SHIM_DOUBLES: {
            auto numbers = static_cast<const double*>(value.pointer);
            return c10::IValue(std::vector<double>(numbers, numbers + value.count));
        }
        case SHIM_STRING: return c10::IValue(std::string(static_cast<const char*>(value.pointer)));
        default: TORCH_CHECK(false, "unknown argument tag ", value.tag);
    }
}

shim_value result(const c10::IValue& value) {
    shim_value out{};
    if (value.isTensor()) {
        out.tag = value.toTensor().defined() ? SHIM_TENSOR : SHIM_NONE;
        out.pointer = shim::own_or_null(value.toTensor());
    } else if (value.isInt()) {
        out.tag = SHIM_INT;
        out.integer = value.toInt();
    } else if (value.isDouble()) {
        out.tag = SHIM_DOUBLE;
        out.real = value.toDouble();
    } else if (value.isBool()) {
        out.tag = SHIM_BOOL;
        out.integer = value.toBool();
    } else if (value.isTensorList()) {
        auto list = new std::vector<at::Tensor>(value.toTensorVector());
        out.tag = SHIM_TENSORS;
        out.count = static_cast<int32_t>(list->size());
        out.pointer = list;
    } else {
        TORCH_CHECK(value.isNone(), "a result of type ", value.tagKind(), " has no counterpart in the interface");
    }
    return out;
}

}  // namespace

int32_t shim_find_operator(const char* name, const char* overload, void** op) {
    return shim::guarded([&] {
        *op = new Operator(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload));
    });
}

int32_t shim_call(void* op, const shim_value* arguments, int32_t argument_count, shim_value* results, int32_t capacity, int32_t* result_count) {
    return shim::guarded([&] {
        const auto& called = *static_cast<Operator*>(op);
        const auto& handle = called.handle;
        const auto& schema = handle.schema();
        const auto& expected = schema.arguments();
        TORCH_CHECK(static_cast<size_t>(argument_count) <= expected.size(), schema.name(), " takes ", expected.size(), " arguments, got ", argument_count);
        torch::jit::Stack stack;
        stack.reserve(expected.size());
        for (size_t i = 0; i < expected.size(); i++) {
            if (static_cast<int32_t>(i) < argument_count && arguments[i].tag != SHIM_DEFAULT) {
                stack.push_back(argument(arguments[i], called.real[i]));
            } else {
                TORCH_CHECK(expected[i].default_value().has_value(), schema.name(), " lacks its argument ", expected[i].name());
                stack.push_back(*expected[i].default_value());
            }
        }
        handle.callBoxed(&stack);
        TORCH_CHECK(static_cast<int32_t>(stack.size()) <= capacity, schema.name(), " gives ", stack.size(), " results, room for ", capacity);
        for (size_t i = 0; i < stack.size(); i++) results[i] = result(stack[i]);
        *result_count = static_cast<int32_t>(stack.size());
    });
}

int32_t shim_tensor_list(void* list, void** handles) {
    auto tensors = static_cast<std::vector<at::Tensor>*>(list);
    int32_t failed = shim::guarded([&] {
        for (size_t i = 0; i < tensors->size(); i++) handles[i] = shim::own(std::move((*tensors)[i]));
    });
    delete tensors;
    return failed;
}
