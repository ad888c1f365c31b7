using System.Globalization;
using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Gateway.Demo;

/// <summary>The first numbers of the row of one token, as it is and as it is sent.</summary>
internal sealed record WireSample(string True, string Sent)
{
    private const int Shown = 8;

    public static WireSample Of(Bundle plain, Bundle permuted, int tokenId) =>
        new(Numbers(plain, tokenId), Numbers(permuted, tokenId));

    private static string Numbers(Bundle bundle, int tokenId)
    {
        var tables = bundle.Embedding;
        var row = new byte[tables.RowBytes]; // [hidden]
        tables.WriteRows([tokenId], 0, row);
        var wide = new byte[tables.HiddenSize * sizeof(float)]; // [hidden]
        TensorConversion.Convert(tables.WireDtype, row, TensorDtype.Float32, wide);
        var numbers = MemoryMarshal.Cast<byte, float>(wide)[..Math.Min(Shown, tables.HiddenSize)].ToArray();
        // Rounded first: a small negative number would otherwise show two signs.
        return string.Join(' ', numbers.Select(x => MathF.Round(x, 3)
            .ToString("+0.000;-0.000;+0.000", CultureInfo.InvariantCulture))) + " …";
    }
}
