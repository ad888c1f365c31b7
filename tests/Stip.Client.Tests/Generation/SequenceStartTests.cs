using Stip.Client.Generation;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Generation;

/// <summary>Decoders begin as those of the published translators; tokens from 90 on are languages.</summary>
public sealed class SequenceStartTests
{
    [Theory]
    [InlineData(2, null, null, new[] { 2 })]
    [InlineData(2, 95, null, new[] { 2, 95 })]
    [InlineData(2, 95, 97, new[] { 2, 97 })]
    [InlineData(2, null, 97, new[] { 2, 97 })]
    [InlineData(90, null, null, new[] { 90 })]
    [InlineData(90, null, 97, new[] { 97 })]
    [InlineData(90, 95, 97, new[] { 97 })]
    [InlineData(90, 5, 97, new[] { 97, 5 })]
    [InlineData(90, null, 5, new[] { 90, 5 })]
    public void Ids_OfALanguage_PutItWhereTheModelHasOne(int start, int? forced, int? first, int[] expected) =>
        Assert.Equal(expected, SequenceStart.Ids(
            new SequenceManifest(8, start) { ForcedBosTokenId = forced }, first, id => id >= 90));
}
