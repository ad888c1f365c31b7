using Stip.Export.Checkpoints;
using Stip.Export.Writing;
using Stip.TestKit;

namespace Stip.Export.Tests.Writing;

public sealed class SourceFilesTests
{
    [Fact]
    public void Copy_OfAFolderWithATemplateForTools_KeepsItsPlace()
    {
        using TemporaryFolder from = new(), to = new();
        Directory.CreateDirectory(from.At("additional_chat_templates"));
        File.WriteAllText(from.At("additional_chat_templates", "tool_use.jinja"), "tools");
        File.WriteAllText(from.At("chat_template.jinja"), "plain");
        File.WriteAllText(from.At("other.txt"), "");

        SourceFiles.Copy(new FolderFiles(from.Path), to.Path);

        Assert.Equal("tools", File.ReadAllText(to.At("additional_chat_templates", "tool_use.jinja")));
        Assert.Equal("plain", File.ReadAllText(to.At("chat_template.jinja")));
        Assert.False(File.Exists(to.At("other.txt")));
    }
}
