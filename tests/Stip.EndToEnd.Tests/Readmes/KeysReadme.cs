using System.Security.Cryptography;
using Stip.Keys.Permutations;

namespace Stip.EndToEnd.Tests.Readmes;

/// <summary>The example of the package's README, word for word.</summary>
internal static class KeysReadme
{
    public static float[] Run(float[] row)
    {
        using var random = RandomNumberGenerator.Create();
        var key = Permutation.Random(row.Length, random);
        var hidden = new float[row.Length];
        key.Apply<float>(row, hidden); // what a server may see
        var back = new float[row.Length];
        key.Inverse().Apply<float>(hidden, back); // the owner's numbers again
        Console.WriteLine(key); // its length and a fingerprint, never its entries
        return back;
    }
}
