using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace Stip.Api.Engine;

/// <summary>Checks options against their attributes and names every fault by its setting, its value and what is
/// allowed. Values of <see cref="DataType.Password"/> are not shown.</summary>
internal sealed class AnnotatedOptions<T>(string section) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var faults = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(faults.SelectMany(
                fault => fault.MemberNames.Select(member => Line(options, member, fault.ErrorMessage))));
    }

    private string Line(T options, string member, string? message)
    {
        var property = typeof(T).GetProperty(member)!;
        var allowed = property.GetCustomAttribute<RangeAttribute>() is { } range
            ? string.Create(CultureInfo.InvariantCulture, $"not from {range.Minimum} to {range.Maximum}")
            : message;
        return property.GetCustomAttribute<DataTypeAttribute>() is { DataType: DataType.Password }
            ? $"{section}:{member}: {allowed}"
            : string.Create(
                CultureInfo.InvariantCulture, $"{section}:{member} '{property.GetValue(options)}': {allowed}");
    }
}
