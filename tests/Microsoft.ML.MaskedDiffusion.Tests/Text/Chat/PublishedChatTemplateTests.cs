namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Templates of the shapes that published models have, and the prompts of their publishers. The templates are of our own; the marks and the
/// rules are those of the models.
/// </summary>
[TestClass]
public sealed class PublishedChatTemplateTests
{
    private const string Header = "<|start_header_id|>", HeaderEnd = "<|end_header_id|>\n\n", EndOfTurn = "<|eot_id|>";

    // LLaDA: the beginning of sequence before the first turn, headers, trimmed texts.
    private const string Llada = """
        {% for m in messages %}
        {% set turn = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' %}
        {% if loop.index0 == 0 %}{% set turn = bos_token + turn %}{% endif %}{{ turn }}{% endfor %}
        {% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
        """;

    // Llama 3.1: a system turn in any case, with dates before its text.
    private const string Llama = """
        {{- bos_token }}
        {%- if not date_string is defined %}
            {%- set date_string = '1 Jan 2024' %}
        {%- endif %}
        {%- if messages[0].role == 'system' %}
            {%- set told = messages[0].content | trim %}
            {%- set messages = messages[1:] %}
        {%- else %}
            {%- set told = '' %}
        {%- endif %}
        {{- '<|start_header_id|>system<|end_header_id|>\n\n' }}
        {%- if tools is not none %}
            {{- tools | tojson(indent=4) }}
        {%- endif %}
        {{- 'Date: ' + date_string + '\n\n' + told + '<|eot_id|>' }}
        {%- for m in messages %}
            {%- if 'tool_calls' in m or m.role == 'tool' %}
                {{- raise_exception('No tools.') }}
            {%- else %}
                {{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
        {%- endif %}
        """;

    // Qwen2.5 and Dream: ChatML with a system text of its own.
    private const string Qwen2 = """
        {%- if messages[0]['role'] != 'system' %}
            {{- '<|im_start|>system\nYou are kind.<|im_end|>\n' }}
        {%- endif %}
        {%- for m in messages %}
            {{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
        {%- endif %}
        """;

    // Qwen3: thoughts of earlier replies are left out, the last reply has one, and an empty one stands where none is wanted.
    private const string Qwen3 = """
        {%- set ns = namespace(searching=true, last=messages|length - 1) %}
        {%- for m in messages[::-1] %}
            {%- if ns.searching and m.role == 'user' and m.content is string and not (m.content.startswith('<tool_response>') and
                m.content.endswith('</tool_response>')) %}
                {%- set ns.searching = false %}
                {%- set ns.last = (messages|length - 1) - loop.index0 %}
            {%- endif %}
        {%- endfor %}
        {%- for m in messages %}
            {%- set said = m.content if m.content is string else '' %}
            {%- if m.role == 'assistant' %}
                {%- set thought = '' %}
                {%- if '</think>' in said %}
                    {%- set thought = said.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                    {%- set said = said.split('</think>')[-1].lstrip('\n') %}
                {%- endif %}
                {%- if loop.index0 > ns.last and (loop.last or thought) %}
                    {{- '<|im_start|>assistant\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + said.lstrip('\n') }}
                {%- else %}
                    {{- '<|im_start|>assistant\n' + said }}
                {%- endif %}
                {{- '<|im_end|>\n' }}
            {%- else %}
                {{- '<|im_start|>' + m.role + '\n' + said + '<|im_end|>\n' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
            {%- if enable_thinking is defined and enable_thinking is false %}
                {{- '<think>\n\n</think>\n\n' }}
            {%- endif %}
        {%- endif %}
        """;

    // ModernBERT-chat: words in brackets on lines of their own, and white space that the tags take away.
    private const string Bert = """
        {% if messages[0]['role'] == 'system' %}
        [SYS]
        {{ messages[0]['content'] | trim }}
        [/SYS]

        {% set rest = messages[1:] %}
        {% else %}
        {% set rest = messages %}
        {% endif -%}
        {%- for m in rest %}
        {% set name = 'Question' if m['role'] == 'user' else 'Answer' %}
        {{ '[' ~ name ~ ']' }}
        {{ m['content'] | trim }}
        {{ '[/' ~ name ~ ']' }}

        {% endfor -%}
        {%- if add_generation_prompt and (rest | length == 0 or rest[-1]['role'] != 'assistant') %}
        [Answer]
        {% endif %}
        """;

    [TestMethod]
    public void LladaTrimsAndBeginsWithItsBeginning()
    {
        TextTokenizer tokenizer = ChatFiles.Open(Llada, "<|startoftext|>", "<|endoftext|>", Header, "<|end_header_id|>", EndOfTurn);
        ChatTemplate template = tokenizer.ChatTemplate!;
        Assert.AreEqual($"<|startoftext|>{Turn("user", "Hello!")}{Header}assistant{HeaderEnd}",
            template.Prompt(ChatFiles.Turns("U", " Hello!\n")));
        Assert.AreEqual(
            $"<|startoftext|>{Turn("system", "Be kind.")}{Turn("user", "Hi")}{Turn("assistant", "Yes?")}{Turn("user", "a\n\n b")}"
            + $"{Header}assistant{HeaderEnd}", template.Prompt(ChatFiles.Turns("SUAU", "Be kind.", "Hi", "Yes?", "a\n\n b\t")));
        CollectionAssert.AreEqual((string[])[EndOfTurn, Header], template.StopStrings.ToArray());
        CollectionAssert.Contains(template.Marks.ToArray(), "<|startoftext|>");
        Assert.AreEqual("chat_template of tokenizer_config.json", template.Name);
        Assert.ThrowsExactly<ArgumentException>(() => template.Prompt(ChatFiles.Turns("U", "x<|eot_id|>")));
    }

    [TestMethod]
    public void LlamaHasASystemTurnInAnyCase()
    {
        ChatTemplate template =
            ChatFiles.Open(Llama, "<|begin_of_text|>", EndOfTurn, Header, "<|end_header_id|>").ChatTemplate!;
        string system = $"<|begin_of_text|>{Header}system{HeaderEnd}Date: 1 Jan 2024\n\n";
        Assert.AreEqual($"{system}{EndOfTurn}{Turn("user", "Hi")}{Header}assistant{HeaderEnd}",
            template.Prompt(ChatFiles.Turns("U", "Hi")));
        Assert.AreEqual($"{system}Be kind.{EndOfTurn}{Turn("user", "Hi")}{Header}assistant{HeaderEnd}",
            template.Prompt(ChatFiles.Turns("SU", " Be kind. ", "Hi ")));
    }

    [TestMethod]
    public void QwenHasASystemTextOfItsOwn()
    {
        ChatTemplate template = ChatFiles.Open(Qwen2, null, "<|endoftext|>", "<|im_start|>", "<|im_end|>").ChatTemplate!;
        Assert.AreEqual("<|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n",
            template.Prompt(ChatFiles.Turns("U", " Hi ")));
        Assert.AreEqual("<|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>user\n<|im_end|>\n"
            + "<|im_start|>assistant\n", template.Prompt(ChatFiles.Turns("SUU", "", "Hi", "")));
        Assert.AreEqual("You are kind.", template.DefaultSystem);
        Assert.AreEqual("", template.PromptStart);
        CollectionAssert.AreEqual((string[])["<|im_end|>", "<|im_start|>"], template.StopStrings.ToArray());
    }

    [TestMethod]
    public void QwensThoughtsAreEmptyInTheReplyAndRefusedInMessages()
    {
        ChatTemplate template =
            ChatFiles.Open(Qwen3, null, "<|im_end|>", "<|im_start|>", "<think>", "</think>", "<tool_response>").ChatTemplate!;
        Assert.AreEqual("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes\n<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
            + "<|im_start|>assistant\n<think>\n\n</think>\n\n", template.Prompt(ChatFiles.Turns("UAU", "Hi", "Yes\n", "Why?")));
        Assert.AreEqual("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
            (template with { ReplyStart = null }).Prompt(ChatFiles.Turns("U", "Hi")));
        foreach (string text in (string[])["<think>\nHm.\n</think>\n\nYes", "a</think>", "<tool_response>1</tool_response>"])
            Assert.ThrowsExactly<ArgumentException>(() => template.Prompt(ChatFiles.Turns("UAU", "Hi", text, "Why?")));
        StringAssert.Contains(template.Prompt(ChatFiles.Turns("U", "a</think>"), ChatMarks.Separate), "a< /think>");
    }

    [TestMethod]
    public void BertsLinesAreItsOwn()
    {
        ChatTemplate template = ChatFiles.Open(Bert, null, "<|endoftext|>").ChatTemplate!;
        Assert.AreEqual("[SYS]\nBe kind.\n[/SYS]\n\n[Question]\nHi\n[/Question]\n\n[Answer]\nYes\n[/Answer]\n\n[Question]\nWhy?\n"
            + "[/Question]\n\n[Answer]\n", template.Prompt(ChatFiles.Turns("SUAU", "Be kind.", "Hi ", " Yes", "Why?")));
        CollectionAssert.AreEqual((string[])["[/Answer]", "[Question]"], template.StopStrings.ToArray());
    }

    [TestMethod]
    public void ATemplateThatTakesTurnsRefusesOtherOrders()
    {
        const string Strict = """
            {% if messages[0].role == 'system' %}{{ raise_exception('No system.') }}{% endif %}
            {{ bos_token -}}
            {% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Take turns.') }}{% endif %}
            {{ '[I] ' + m.content + ' [/I]' if m.role == 'user' else ' ' + m.content | trim + eos_token }}{% endfor %}
            """;
        ChatTemplate template = ChatFiles.Open(Strict, "<s>", "</s>").ChatTemplate!;
        Assert.AreEqual("<s>[I] Hi [/I] Yes</s>[I]  Why?  [/I]", template.Prompt(ChatFiles.Turns("UAU", "Hi", " Yes ", " Why? ")));
        CollectionAssert.AreEqual((ChatTurnRole[])[ChatTurnRole.Assistant], template.TrimmedRoles.ToArray());
        Assert.IsTrue(template.TakesTurns);
        Assert.IsFalse(template.AllowsSystem);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => template.Prompt(ChatFiles.Turns("UU", "a", "b"))).Message, "TakesTurns");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => template.Prompt(ChatFiles.Turns("SU", "a", "b"))).Message, "AllowsSystem");
    }

    [TestMethod]
    [DataRow("{% for m in messages %}U:{{ m.content }}\n{% endfor %}", "nothing visible stands before a reply")]
    [DataRow("{% for m in messages %}{{ m.role }}:{{ m.content }}<end>\n{% endfor %}", "does not write where a reply begins")]
    [DataRow("{% for m in messages %}{{ m.role }}:{{ m.content | upper }}\n{% endfor %}assistant:", "its letters in another case")]
    [DataRow("{% for m in messages %}{{ m.role }}:{{ m.content[:3] }}\n{% endfor %}assistant:", "each of its characters")]
    [DataRow("{% for m in messages %}{% if m.content | length < 9 %}{{ m.role }}:{{ m.content }}\n{% endif %}{% endfor %}", "its length")]
    [DataRow("{% for m in messages %}{% if '\\n' in m.content %}!{% endif %}{{ m.role }}:{{ m.content }}\n{% endfor %}", "white space")]
    [DataRow("{% for m in messages %}{{ m.role }}:{{ m.content }}{{ m.content }}\n{% endfor %}assistant:", "message 1 once")]
    [DataRow("{% for m in messages[1:] %}{{ m.role }}:{{ m.content }}\n{% endfor %}assistant:", "message 1 once")]
    [DataRow("{% for m in messages %}{{ m.role }}:{{ m.content }}{{ loop.index }}\n{% endfor %}assistant:",
        "otherwise where it is not the first")]
    [DataRow("{% for m in messages %}{% if m.content %}{{ m.role }}:{{ m.content }}\n{% endif %}{% endfor %}assistant:",
        "no parts of text can stand for it")]
    [DataRow("{% for m in messages %}{{ m.role }}:{{ m.content.lstrip('\\n') }}\n{% endfor %}assistant:",
        "no parts of text can stand for it")]
    [DataRow("{% if messages|length > 6 %}!{% endif %}{% for m in messages %}{{ m.role }}:{{ m.content }}\n{% endfor %}assistant:",
        "no parts")]
    [DataRow("{% for m in messages %}{% if m.content == messages[0].content %}{% endif %}{{ m.role }}:{{ m.content }}\n{% endfor %}",
        "with each other")]
    [DataRow("{{ raise_exception('Never.') }}", "it refuses a conversation of user: \"Never.\"")]
    [DataRow("qzProbezq{% for m in messages %}{{ m.role }}:{{ m.content }}\n{% endfor %}assistant:", "it has the text 'qzProbezq'")]
    public void ATemplateWithoutPartsIsRefusedWithTheReason(string template, string reason)
    {
        TextTokenizer tokenizer = ChatFiles.Open(template, null, "<|endoftext|>");
        string message = Assert.ThrowsExactly<InvalidDataException>(() => tokenizer.ChatTemplate).Message;
        StringAssert.Contains(message, reason);
        StringAssert.StartsWith(message, "Tokenizer file 'tokenizer_config.json', chat_template");
    }

    private static string Turn(string role, string text) => $"{Header}{role}{HeaderEnd}{text}{EndOfTurn}";
}
