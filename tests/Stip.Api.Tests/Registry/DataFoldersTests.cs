using Microsoft.Extensions.Options;
using Stip.Api.Registry;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

public sealed class DataFoldersTests
{
    [Fact]
    public void Folder_OfARunningServer_IsRefusedUntilItHasEnded()
    {
        using var folder = new TemporaryFolder();
        using (Open(folder))
        {
            var refusal = Assert.Throws<IOException>(() => Open(folder));
            Assert.Contains("in use by another server", refusal.Message, StringComparison.Ordinal);
        }

        Open(folder).Dispose();
    }

    private static DataFolders Open(TemporaryFolder folder) =>
        new(Options.Create(new ApiOptions { DataDirectory = folder.Path }));
}
