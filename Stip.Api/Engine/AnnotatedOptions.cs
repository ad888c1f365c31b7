using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Stip.Api.Engine;

/// <summary>Checks options against their attributes and names every fault by its setting.</summary>
internal sealed class AnnotatedOptions<T>(string section) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var faults = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(faults.Select(
                fault => $"{section}:{string.Join(", ", fault.MemberNames)}: {fault.ErrorMessage}"));
    }
}
