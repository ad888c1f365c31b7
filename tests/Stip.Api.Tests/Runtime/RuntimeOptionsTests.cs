using Stip.Api.Runtime;

namespace Stip.Api.Tests.Runtime;

public sealed class RuntimeOptionsTests
{
    [Theory]
    [InlineData("auto", true, 151_936, true)]
    [InlineData("auto", true, 32_000, false)]
    [InlineData("auto", false, 151_936, false)]
    [InlineData("device", false, 61, true)]
    [InlineData("host", true, 151_936, false)]
    public void ReducesRows_OfASetting_IsDecidedByDeviceAndVocabulary(
        string topK, bool isCuda, int vocab, bool reduces) =>
        Assert.Equal(reduces, new RuntimeOptions { TopK = topK }.ReducesRows(isCuda, vocab));
}
