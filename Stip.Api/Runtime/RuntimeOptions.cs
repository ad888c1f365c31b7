using System.ComponentModel.DataAnnotations;

namespace Stip.Api.Runtime;

/// <summary>What <c>Stip:Api</c> says of the runtime.</summary>
internal sealed class RuntimeOptions
{
    public const string Section = "Stip:Api";
    public const string Auto = "auto";
    public const string Cpu = "cpu";
    public const string Cuda = "cuda";

    /// <summary><c>auto</c>, <c>cpu</c> or <c>cuda</c>.</summary>
    [AllowedValues(Auto, Cpu, Cuda, ErrorMessage = "not auto, cpu or cuda")]
    public string ExecutionProvider { get; set; } = Auto;
}
