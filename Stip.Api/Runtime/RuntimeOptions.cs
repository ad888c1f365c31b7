using System.ComponentModel.DataAnnotations;

namespace Stip.Api.Runtime;

/// <summary>What <c>Stip:Api</c> says of the runtime.</summary>
internal sealed class RuntimeOptions
{
    public const string Section = "Stip:Api";
    public const string Auto = "auto";
    public const string Cpu = "cpu";
    public const string Cuda = "cuda";
    public const string Host = "host";
    public const string OnDevice = "device";

    /// <summary>Of fewer entries a whole row crosses sooner than a reduction runs. By counting bytes and passes, not
    /// measured on a device. It must not depend on the batch: a session's answers are the same alone and in any.
    /// </summary>
    public const int LeastReducedVocab = 65_536;

    /// <summary><c>auto</c>, <c>cpu</c> or <c>cuda</c>.</summary>
    [AllowedValues(Auto, Cpu, Cuda, ErrorMessage = "not auto, cpu or cuda")]
    public string ExecutionProvider { get; set; } = Auto;

    /// <summary>Where the largest logits of a row are found: <c>auto</c>, <c>host</c> or <c>device</c>.</summary>
    [AllowedValues(Auto, Host, OnDevice, ErrorMessage = "not auto, host or device")]
    public string TopK { get; set; } = Auto;

    /// <summary>Whether rows of a decoder are reduced where they are computed.</summary>
    /// <param name="isCuda">Whether it runs there.</param>
    /// <param name="vocab">Entries of a row.</param>
    public bool ReducesRows(bool isCuda, int vocab) =>
        TopK == OnDevice || (TopK == Auto && isCuda && vocab >= LeastReducedVocab);
}
